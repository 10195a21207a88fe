// Mounts a subPath of a volume so that no symbolic link in it, whenever it is created, leads outside. Each component, also of links, is
// opened from its parent's descriptor with O_NOFOLLOW, and the bind mount uses the last descriptor and no path. Node has no openat(2);
// `/proc/self/fd/<n>/<name>` resolves from the open folder itself, which is equivalent.
import { constants } from 'node:fs'
import { chmod, type FileHandle, mkdir, open, readlink, realpath, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { writeJson } from '../../base/write-json.ts'
import { bindMountDescriptor, isMountPoint } from '../machine/mount-table.ts'

/** O_PATH, which node:fs does not name: the descriptor only identifies the file. */
const openPath = 0o10000000

/** Why a subPath cannot be mounted; upstream's wording if it has one. */
export class SubPathError extends Error {
  override readonly name = 'SubPathError'
}

export function checkSubPath(subPath: string): void {
  const segments = subPath.split('/')
  if (isAbsolute(subPath) || segments.includes('..')) {
    throw new SubPathError(`subPath ${writeJson(subPath)} must be relative and must not contain ".."`)
  }
}

/** The kernel's limit for one path. */
const maxLinks = 40

/** A component to open. The target of a link must exist; components of the subPath itself are created. */
interface Component {
  readonly name: string
  readonly isMade: boolean
}

/**
 * Opens `subPath` below `root` and creates missing folders with `mode`; the caller closes it. Symbolic links are followed within the
 * volume, since a ConfigMap's files are behind links. Rejects with SubPathError if one leads outside, or for an absolute path.
 */
export async function openBelow(root: string, subPath: string, mode: number): Promise<FileHandle> {
  checkSubPath(subPath)
  /** The folders from the volume's root to the current one: `..` in a link goes back along them, never above the root. */
  const opened = [await open(root, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW)]
  const refuse = (name: string): never => {
    throw new SubPathError(
      `failed to prepare subPath for volumeMount: "${name}" in ${writeJson(subPath)} is a symbolic link that leads outside of the volume`,
    )
  }
  const pending = components(subPath, true)
  let links = 0
  try {
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const { name, isMade } = next
      const [parent] = opened.slice(-1)
      if (parent === undefined) return refuse(name)
      if (name === '..') {
        await opened.pop()?.close()
        if (opened.length === 0) return refuse(name)
        continue
      }
      const child = await openChild(parent, name, isMade ? mode : undefined)
      opened.push(child)
      if (!(await child.stat()).isSymbolicLink()) continue
      await opened.pop()?.close()
      if (++links > maxLinks) throw new SubPathError(`failed to prepare subPath for volumeMount: too many links in ${writeJson(subPath)}`)
      // Whatever exists there by now is opened in the same way.
      const target = await readlink(`/proc/self/fd/${parent.fd}/${name}`)
      if (isAbsolute(target)) return refuse(name)
      pending.unshift(...components(target, false))
    }
    const [found] = opened.splice(-1)
    return found ?? refuse('.')
  } finally {
    for (const handle of opened) await handle.close()
  }
}

const components = (path: string, isMade: boolean): Component[] =>
  path
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .map(name => ({ name, isMade }))

/** Without a `mode`, a missing folder is not created. */
async function openChild(parent: FileHandle, name: string, mode: number | undefined): Promise<FileHandle> {
  const path = `/proc/self/fd/${parent.fd}/${name}`
  // O_PATH with O_NOFOLLOW opens a link itself instead of failing; the caller then reads it.
  const flags = openPath | constants.O_NOFOLLOW
  try {
    return await open(path, flags)
  } catch (err) {
    if (mode === undefined || !isCode(err, 'ENOENT')) throw err
  }
  let isMine = true
  await mkdir(path, { mode }).catch((err: unknown) => {
    if (!isCode(err, 'EEXIST')) throw err
    isMine = false
  })
  const child = await open(path, flags)
  try {
    // The umask removed bits. Applied to the descriptor, not the path, where a link may be by now.
    if (isMine && (await child.stat()).isDirectory()) await chmod(`/proc/self/fd/${child.fd}`, mode)
    return child
  } catch (err) {
    await child.close()
    throw err
  }
}

/** Binds `subPath` of `root` at `target`, which must be in a folder that only root can change. Does nothing if it is already mounted. */
export async function mountSubPath(root: string, subPath: string, target: string): Promise<void> {
  if (await isMountPoint(target)) return
  // A hostPath may itself be a link, and is followed as it is without a subPath.
  const place = await realpath(root)
  const mode = (await stat(place)).mode & 0o7777
  const handle = await openBelow(place, subPath, mode)
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o711 })
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true })
    else await (await open(target, 'w', 0o600)).close()
    await bindMountDescriptor(handle.fd, target)
  } catch (err) {
    // The first failure is reported; a remaining file is removed with the volume.
    await rm(target, { recursive: false, force: true }).catch(() => undefined)
    throw err
  } finally {
    await handle.close()
  }
}

function isCode(err: unknown, code: string): boolean {
  return err instanceof Error && 'code' in err && err.code === code
}
