// Destroys private keys: first those that open the store, so that a reset that is interrupted afterwards leaves nothing that can be
// decrypted or signed.
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openFolder, removeTree, within } from '../../base/files/remove-tree.ts'
import { codeOf } from '../../base/user-error.ts'

/** More than any key file has; of a larger one the first bytes are overwritten. */
const maxOverwritten = 1 << 20
/** A folder of keys has a dozen files. */
export const maxKeyFiles = 10_000

export interface Erased {
  readonly files: number
  /** Paths of files with another name on the disk: their content is kept there, and is not overwritten. */
  readonly linked: readonly string[]
}

/** Keys that open the store come first. Pure. */
export const inOrder = (names: readonly string[]): string[] => [
  ...names.filter(name => name.startsWith('encryption-')),
  ...names.filter(name => !name.startsWith('encryption-')),
]

/**
 * Overwrites and removes every file of the folder `name` in the open folder, and syncs. A missing folder is success. What is no file, such
 * as a link, is removed and never opened.
 */
export function eraseFolder(parent: number, name: string, path: string): Erased {
  let folder: number
  try {
    folder = openFolder(within(parent, name))
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return { files: 0, linked: [] }
    throw err
  }
  try {
    const linked: string[] = []
    const names = inOrder(readdirSync(`/proc/self/fd/${folder}`).slice(0, maxKeyFiles))
    for (const each of names) linked.push(...eraseFile(folder, each, join(path, each)))
    fsyncSync(folder)
    return { files: names.length, linked }
  } finally {
    closeSync(folder)
  }
}

/** As for a folder; returns the path if the content is kept under another name. */
export function eraseFile(folder: number, name: string, path: string): string[] {
  let file: number
  try {
    file = openSync(within(folder, name), constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return []
    // A link, a folder, a socket: nothing of it is overwritten.
    if (['ELOOP', 'EISDIR', 'ENXIO'].includes(codeOf(err))) {
      removeTree(folder, name, path)
      return []
    }
    throw err
  }
  try {
    const stats = fstatSync(file)
    const isAlone = stats.isFile() && stats.nlink === 1
    if (isAlone) {
      writeSync(file, randomBytes(Math.min(stats.size, maxOverwritten)), 0, undefined, 0)
      fsyncSync(file)
    }
    unlinkSync(within(folder, name))
    return isAlone ? [] : [path]
  } finally {
    closeSync(file)
  }
}
