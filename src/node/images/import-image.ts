// Puts the images of an archive on the node: OCI and Docker archives, told apart and checked before containerd sees them.
import { execFile } from 'node:child_process'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { listTar } from './tar.ts'

const run = promisify(execFile)

/** Resolves with the names that the archive brought. Rejects with one sentence that says what is wrong with the file. */
export async function importImage(
  file: string,
  containerd: { readonly socket: string; readonly ctr?: string },
  signal: AbortSignal,
): Promise<string[]> {
  await checkArchive(file)
  const args = ['--address', containerd.socket, '--namespace', 'k8s.io', 'images', 'import', '--digests=false', file]
  try {
    const { stdout } = await run(containerd.ctr ?? 'ctr', args, { signal })
    return [...stdout.matchAll(/^unpacking (\S+)/gm)].map(match => match[1] ?? '')
  } catch (cause) {
    const detail = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n').at(-1) : String(cause)
    throw new Error(`Cannot import image "${file}": ${detail}`, { cause })
  }
}

/** Rejects unless the file is an OCI archive (`oci-layout` and `index.json`) or a Docker archive (`manifest.json`). */
export async function checkArchive(file: string): Promise<'oci' | 'docker'> {
  let handle: FileHandle
  try {
    handle = await open(file)
  } catch (cause) {
    throw new Error(`Cannot import image "${file}": the file cannot be read`, { cause })
  }
  try {
    const start = await readAt(handle, 0, 4)
    if (start.readUInt16BE(0) === 0x1f8b) throw new Error('it is compressed, unpack it with gunzip first')
    const names = new Set<string>()
    for await (const { path } of listTar((offset, length) => readAt(handle, offset, length))) names.add(path.replace(/^\.\//, ''))
    if (names.has('oci-layout') && names.has('index.json')) return 'oci'
    if (names.has('manifest.json')) return 'docker'
    throw new Error('it is neither an OCI archive (oci-layout, index.json) nor a Docker archive (manifest.json)')
  } catch (cause) {
    throw new Error(`Cannot import image "${file}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  } finally {
    await handle.close()
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, offset)
  if (offset === 0 && bytesRead < length) throw new Error('it is not a tar archive')
  return buffer.subarray(0, bytesRead)
}
