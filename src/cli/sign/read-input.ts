// A file that a user names, or stdin.
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { cannotRead } from '../../base/user-error.ts'

/** `-` is stdin. Rejects with a UserError that names the file. */
export async function readInput(path: string): Promise<Buffer> {
  if (path === '-') return await buffer(process.stdin)
  try {
    return await readFile(path)
  } catch (err) {
    throw cannotRead(path, err)
  }
}
