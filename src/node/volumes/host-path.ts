// Checks and prepares a hostPath by its type, with upstream's texts. Admission has already decided whether the pod may have one.
import { mkdir, open, stat } from 'node:fs/promises'
import type { HostPathVolumeSource } from '../../api/types/core-v1.ts'

export async function prepareHostPath({ path, type = '' }: HostPathVolumeSource): Promise<void> {
  if (type === '') return
  // A path that cannot be read counts as missing; the type decides what follows.
  const found = await stat(path).catch(() => undefined)
  if (type === 'DirectoryOrCreate' && !found) {
    await mkdir(path, { recursive: true, mode: 0o755 })
    return
  }
  if (type === 'FileOrCreate' && !found) {
    await (await open(path, 'a', 0o644)).close()
    return
  }
  const isRight: Record<string, [string, boolean | undefined]> = {
    Directory: ['directory', found?.isDirectory()],
    DirectoryOrCreate: ['directory', found?.isDirectory()],
    File: ['file', found?.isFile()],
    FileOrCreate: ['file', found?.isFile()],
    Socket: ['socket file', found?.isSocket()],
    CharDevice: ['character device', found?.isCharacterDevice()],
    BlockDevice: ['block device', found?.isBlockDevice()],
  }
  const [what, right] = isRight[type] ?? [type, false]
  if (!right) throw new Error(`hostPath type check failed: ${path} is not a ${what}`)
}
