// Removes a folder that others have filled, however deep: Node's own removal fails where a path is longer than the kernel takes, so a container
// could make a volume that stays for ever.
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { codeOf } from '../user-error.ts'

const run = promisify(execFile)

/** Nothing is there is success. Links are removed, never followed; other file systems that are mounted below are not entered. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (err) {
    if (codeOf(err) !== 'ENAMETOOLONG') throw err
    // It walks by descriptors, in another process: a tree of millions of files must not hold up this one.
    await run('rm', ['-rf', '--one-file-system', '--', path])
  }
}
