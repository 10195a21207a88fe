// Reading a file that need not be there.
import { readFile } from 'node:fs/promises'
import { codeOf } from '../user-error.ts'

/** The file's text; undefined where there is no such file. Rejects where the disk does not say. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}
