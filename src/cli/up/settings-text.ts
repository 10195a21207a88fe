// Reads the text of a file that a setting names.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { messageOf, UserError, whyUnreadable } from '../../base/user-error.ts'

/** Limit for a settings file, and for each file that one names. */
export const maxSettingsBytes = 1024 * 1024

export interface SettingsTextOptions {
  /** Refuse a file that every user can write, because its writer decides who gets access. */
  readonly refusesOpen?: boolean
}

/** Throws a UserError in which `what` describes the file. */
export function readSettingsText(path: string, what: string, { refusesOpen = false }: SettingsTextOptions = {}): string {
  try {
    return readBounded(path, refusesOpen)
  } catch (err) {
    throw new UserError(`Cannot read ${what}: ${err instanceof UserError ? messageOf(err) : whyUnreadable(err)}`, { cause: err })
  }
}

/** Never blocks, and reads at most the limit, because some files are read again while the cluster runs. */
function readBounded(path: string, refusesOpen: boolean): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (stats.isDirectory()) throw new UserError('it is a folder')
    if (!stats.isFile()) throw new UserError('it is not a regular file')
    if (refusesOpen && (stats.mode & 0o002) !== 0) throw new UserError('every user can write it: remove that permission (chmod o-w)')
    const tooLarge = (size: number) => new UserError(`it has ${size} bytes, the limit is ${maxSettingsBytes}`)
    if (stats.size > maxSettingsBytes) throw tooLarge(stats.size)
    const bytes = Buffer.alloc(maxSettingsBytes + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null)
    if (length > maxSettingsBytes) throw tooLarge(length)
    return bytes.toString('utf8', 0, length)
  } finally {
    closeSync(file)
  }
}
