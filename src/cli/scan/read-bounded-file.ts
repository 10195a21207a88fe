// Reads a file of the user's, up to a limit.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { cannotRead, UserError } from '../../base/user-error.ts'

/** Throws a UserError if it cannot be read, is no regular file, or has more bytes. */
export function readBoundedFile(path: string, maxBytes: number): Buffer {
  let file: number | undefined
  try {
    // A pipe would wait for its writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new UserError(`Cannot read "${path}": it is not a regular file`)
    if (stat.size > maxBytes) throw new UserError(`"${path}" has ${stat.size} bytes, at most ${maxBytes} are read`)
    return readFileSync(file)
  } catch (err) {
    throw cannotRead(path, err)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
