// The text of a file that settings name.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { messageOf, UserError, whyUnreadable } from '../../base/user-error.ts'

/** Of a file of settings, and of each file that one names. */
export const maxSettingsBytes = 1024 * 1024

export interface SettingsTextOptions {
  /** Whoever may write it decides who is let in. */
  readonly refusesOpen?: boolean
}

/** Throws a UserError that says what `what` is. */
export function readSettingsText(path: string, what: string, { refusesOpen = false }: SettingsTextOptions = {}): string {
  try {
    return readBounded(path, refusesOpen)
  } catch (err) {
    throw new UserError(`Cannot read ${what}: ${err instanceof UserError ? messageOf(err) : whyUnreadable(err)}`, { cause: err })
  }
}

/** Never waits, and reads no more than the limit, whatever is there by now: some files are read again while the cluster runs. */
function readBounded(path: string, refusesOpen: boolean): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (stats.isDirectory()) throw new UserError('it is a folder')
    if (!stats.isFile()) throw new UserError('it is no regular file')
    if (refusesOpen && (stats.mode & 0o002) !== 0) throw new UserError('it may be written by everybody: take that right away (chmod o-w)')
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
