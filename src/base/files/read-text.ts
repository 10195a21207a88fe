// Reads a file that may be missing.
import { readFile } from 'node:fs/promises'
import { codeOf } from '../user-error.ts'

/** The file's text; undefined if the file does not exist. Rejects if reading fails. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}
