// Removes a folder with all that is in it, through open descriptors of its folders: no link is followed, also none that somebody puts there
// meanwhile, and names as deep as a container can make them need neither long paths nor many descriptors.
import { randomBytes } from 'node:crypto'
import { closeSync, constants, opendirSync, openSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, messageOf, UserError } from '../user-error.ts'

/** Folders below this depth are moved up before they are emptied. */
export const maxDepth = 32
/** Names that are read at once. */
const batch = 256

/** The folder itself, never what a link leads to. Close it. */
export const openFolder = (path: string): number =>
  openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK)

/** A name in an open folder, whatever its path is by now. */
export const within = (folder: number, name: string): string => `/proc/self/fd/${folder}/${name}`

/**
 * Removes `name` in the open folder; nothing is there is success. `path` is for messages. Throws a UserError that names what the kernel
 * refused to remove. Mounts must be gone: what is mounted below is refused by the kernel.
 */
export function removeTree(folder: number, name: string, path: string): void {
  if (removeEntry(folder, name, path)) return
  const top = openChild(folder, name, path)
  if (top === undefined) return
  let moved = 0
  const remove = (parent: number, child: string, at: string, depth: number): void => {
    if (removeEntry(parent, child, at)) return
    if (depth >= maxDepth) {
      // It stays within the tree, so that it is found again after a kill, and is emptied when its turn comes.
      renameSync(within(parent, child), within(top, `.removed-${randomBytes(8).toString('hex')}-${moved++}`))
      return
    }
    const opened = openChild(parent, child, at)
    if (opened === undefined) return
    try {
      removeAll(opened, at, each => remove(opened, each, join(at, each), depth + 1))
    } finally {
      closeSync(opened)
    }
    if (!removeEntry(parent, child, at)) throw busy(at)
  }
  try {
    removeAll(top, path, each => remove(top, each, join(path, each), 1))
  } finally {
    closeSync(top)
  }
  if (!removeEntry(folder, name, path)) throw busy(path)
}

/** Until the folder is empty. */
function removeAll(folder: number, at: string, remove: (name: string) => void): void {
  for (let names = namesIn(folder, at); names.length > 0; names = namesIn(folder, at)) for (const name of names) remove(name)
}

const busy = (at: string): UserError => new UserError(`Cannot remove "${at}": something writes there. End it and run this again`)

/** False for a folder that is not empty. */
function removeEntry(parent: number, name: string, at: string): boolean {
  try {
    unlinkSync(within(parent, name))
    return true
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return true
    // Linux answers EISDIR for a folder; POSIX allows EPERM, which it also answers for an immutable file.
    if (codeOf(err) !== 'EISDIR' && codeOf(err) !== 'EPERM') throw notRemoved(at, err)
  }
  try {
    rmdirSync(within(parent, name))
    return true
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return true
    if (codeOf(err) === 'ENOTEMPTY' || codeOf(err) === 'EEXIST') return false
    throw notRemoved(at, err)
  }
}

function openChild(parent: number, name: string, at: string): number | undefined {
  try {
    return openFolder(within(parent, name))
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw notRemoved(at, err)
  }
}

/** The next names; none if the folder is empty. */
function namesIn(folder: number, at: string): string[] {
  try {
    const listing = opendirSync(`/proc/self/fd/${folder}`, { bufferSize: batch })
    try {
      const names: string[] = []
      for (let entry = listing.readSync(); entry !== null && names.length < batch; entry = listing.readSync()) names.push(entry.name)
      return names
    } finally {
      listing.closeSync()
    }
  } catch (err) {
    throw notRemoved(at, err)
  }
}

function notRemoved(at: string, err: unknown): UserError {
  const advice: Readonly<Record<string, string>> = {
    EBUSY: 'a file system is mounted there: unmount it',
    EPERM: 'it may be immutable: "chattr -R -i" takes that away',
    ENOTDIR: 'it is an immutable file or was replaced meanwhile: "chattr -i" takes that away',
    EACCES: 'this user may not: run this command as root',
    EROFS: 'the file system is read-only: mount it again with "mount -o remount,rw"',
  }
  return new UserError(`Cannot remove "${at}": ${advice[codeOf(err)] ?? messageOf(err)}. Then run this again`, { cause: err })
}
