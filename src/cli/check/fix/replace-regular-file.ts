// Writes a fixed manifest to a new file and renames it, so that the target of a link is never changed.
import { randomUUID } from 'node:crypto'
import { closeSync, fchmodSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { UserError } from '../../../base/user-error.ts'

/** Keeps the mode of the file. Other hard links keep the old text. Throws a `UserError` if the path is a link or not a regular file. */
export function replaceRegularFile(path: string, text: string): void {
  const stat = lstatSync(path)
  if (!stat.isFile())
    throw new UserError(`Cannot write "${path}": it is ${stat.isSymbolicLink() ? 'a link' : 'not a regular file'}; name the file itself`)
  const draft = `${path}.${randomUUID()}.new`
  try {
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeFileSync(file, text)
      fchmodSync(file, stat.mode & 0o7777)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (err) {
    rmSync(draft, { force: true })
    throw err
  }
}
