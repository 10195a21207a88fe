// Mounts a subPath of a volume so that no symbolic link in it, whenever it is put there, leads outside: each component, of links too, is opened by
// descriptor from its parent's with O_NOFOLLOW, and the bind mount is made of the last descriptor, not of a path.
// Node has no openat(2); `/proc/self/fd/<n>/<name>` resolves from the open folder itself, which is the same.
import { constants } from 'node:fs'
import { chmod, type FileHandle, mkdir, open, readlink, realpath, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { bindMountDescriptor, isMountPoint } from '../machine/mount-table.ts'

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

/** As many as the kernel follows in one path. */
const maxLinks = 40

/** A component that is still to be opened. What a link names must be there, what the subPath itself names is made. */
interface Component {
  readonly name: string
  readonly isMade: boolean
}

/**
 * Opens what `subPath` names below `root`, making missing folders with `mode`; the caller closes it. Symbolic links are followed within the volume,
 * where a ConfigMap's files lie behind some. Rejects with SubPathError when one leads outside, and for one that begins at the root of the file system.
 */
export async function openBelow(root: string, subPath: string, mode: number): Promise<FileHandle> {
  checkSubPath(subPath)
  /** From the root of the volume down to where the path has come: `..` of a link goes back along it, and never above. */
  const opened = [await open(root, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW)]
  const refuse = (name: string): never => {
    throw new SubPathError(
      `failed to prepare subPath for volumeMount: "${name}" in ${JSON.stringify(subPath)} is a symbolic link that leads outside of the volume`,
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
      if (++links > maxLinks)
        throw new SubPathError(`failed to prepare subPath for volumeMount: too many links in ${JSON.stringify(subPath)}`)
      // Whatever stands there by now is walked in the same way.
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

/** Without a `mode` a missing folder is not made. */
async function openChild(parent: FileHandle, name: string, mode: number | undefined): Promise<FileHandle> {
  const path = `/proc/self/fd/${parent.fd}/${name}`
  // O_PATH with O_NOFOLLOW opens a link itself instead of failing, which the caller then looks at.
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
    // The umask took bits away. Of the descriptor, not of the path: a link that stands there by now leads to nothing else.
    if (isMine && (await child.stat()).isDirectory()) await chmod(`/proc/self/fd/${child.fd}`, mode)
    return child
  } catch (err) {
    await child.close()
    throw err
  }
}

/** Binds `subPath` of `root` at `target`, which must be in a folder that only root can change. Does nothing when it is mounted already. */
export async function mountSubPath(root: string, subPath: string, target: string): Promise<void> {
  if (await isMountPoint(target)) return
  // A hostPath may be a link itself, and is followed as it is where no subPath is asked for.
  const place = await realpath(root)
  const mode = (await stat(place)).mode & 0o7777
  const handle = await openBelow(place, subPath, mode)
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
