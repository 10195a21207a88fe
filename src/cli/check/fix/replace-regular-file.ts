// Writes a fixed manifest: the path gets a new file, so that nothing else that a link leads to is changed.
import { randomUUID } from 'node:crypto'
import { closeSync, fchmodSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { UserError } from '../../../base/user-error.ts'

/** Keeps the file's mode. A hard link of another name keeps the old text. Throws a `UserError` where the path is a link or no regular file. */
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
