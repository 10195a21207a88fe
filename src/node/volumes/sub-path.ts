// Mounts a subPath of a volume so that no symbolic link in it, whenever it is put there, leads outside: each component is opened by
// descriptor from its parent's with O_NOFOLLOW, and the bind mount is made of the last descriptor, not of a path.
// Node has no openat(2); `/proc/self/fd/<n>/<name>` resolves from the open folder itself, which is the same.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { bindMountDescriptor, isMountPoint } from '../mount-table.ts'

/** O_PATH, which node:fs does not name: the descriptor only stands for the place. */
const openPath = 0o10000000

/** Why a subPath cannot be mounted; upstream's wording where it has one. */
export class SubPathError extends Error {
  override readonly name = 'SubPathError'
}

export function checkSubPath(subPath: string): void {
  const segments = subPath.split('/')
  if (isAbsolute(subPath) || segments.includes('..')) {
    throw new SubPathError(`subPath ${JSON.stringify(subPath)} must be relative and must not contain ".."`)
  }
}

/**
 * Opens what `subPath` names below `root`, making missing folders with `mode`; the caller closes it.
 * Rejects with SubPathError when a component is a symbolic link.
 */
export async function openBelow(root: string, subPath: string, mode: number): Promise<FileHandle> {
  checkSubPath(subPath)
  let handle = await open(root, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    for (const name of subPath.split('/').filter(part => part !== '' && part !== '.')) {
      const next = await openChild(handle, name, mode)
      await handle.close()
      handle = next
      const found = await handle.stat()
      if (found.isSymbolicLink())
        throw new SubPathError(`failed to prepare subPath for volumeMount: "${name}" in ${JSON.stringify(subPath)} is a symbolic link`)
    }
    return handle
  } catch (err) {
    await handle.close()
    throw err
  }
}

async function openChild(parent: FileHandle, name: string, mode: number): Promise<FileHandle> {
  const path = `/proc/self/fd/${parent.fd}/${name}`
  // O_PATH with O_NOFOLLOW opens a link itself instead of failing, which the caller's check then refuses.
  const flags = openPath | constants.O_NOFOLLOW
  try {
    return await open(path, flags)
  } catch (err) {
    if (!isCode(err, 'ENOENT')) throw err
  }
  await mkdir(path, { mode }).catch((err: unknown) => {
    if (!isCode(err, 'EEXIST')) throw err
  })
  return await open(path, flags)
}

/** Binds `subPath` of `root` at `target`, which must be in a folder that only root can change. Does nothing when it is mounted already. */
export async function mountSubPath(root: string, subPath: string, target: string): Promise<void> {
  if (await isMountPoint(target)) return
  const mode = (await stat(root)).mode & 0o7777
  const handle = await openBelow(root, subPath, mode)
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o711 })
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true })
    else await (await open(target, 'w', 0o600)).close()
    await bindMountDescriptor(handle.fd, target)
  } catch (err) {
    // What failed first is told; a file that stays goes with the volume.
    await rm(target, { recursive: false, force: true }).catch(() => undefined)
    throw err
  } finally {
    await handle.close()
  }
}

function isCode(err: unknown, code: string): boolean {
  return err instanceof Error && 'code' in err && err.code === code
}
