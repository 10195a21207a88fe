// Lists and hashes the files of a folder, several at a time. Links are not followed.
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { FoundFile } from './compare-files.ts'

/** Files at a time: more than Node has threads, so that none waits for this one. */
const inParallel = 16
/** A larger file is not read: it is no file of a package or a working tree that people write. */
export const maxFileBytes = 64 * 1024 * 1024
/** Files and folders that are listed. */
export const maxEntries = 200_000

/** Relative paths with `/`. `enter` says whether a folder's content counts. Throws a UserError if there are too many. */
export async function listFiles(root: string, enter: (folder: string) => boolean): Promise<string[]> {
  const files: string[] = []
  const folders = ['']
  let count = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (++count > maxEntries) throw new UserError(`"${root}" has more than ${maxEntries} files and folders`)
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (!entry.isDirectory()) files.push(path)
      else if (enter(path)) folders.push(path)
    }
  return files.toSorted()
}

/** In the order of the paths. A file that cannot be read is one with a problem. */
export async function readFiles(root: string, paths: readonly string[]): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>()
  const waiting = paths.values()
  const work = async (): Promise<void> => {
    for (const path of waiting) found.set(path, await readOne(root, path))
  }
  await Promise.all(Array.from({ length: inParallel }, work))
  return paths.flatMap(path => found.get(path) ?? [])
}

async function readOne(root: string, path: string): Promise<FoundFile> {
  const file = join(root, path)
  try {
    const stat = await lstat(file)
    if (!stat.isFile()) return { path, problem: 'is no regular file' }
    if (stat.size > maxFileBytes) return { path, problem: `has ${stat.size} bytes, at most ${maxFileBytes} are read` }
    const content = await readFile(file)
    const sha256 = createHash('sha256').update(content).digest('hex')
    return { path, sha256, size: content.length, executable: (stat.mode & 0o100) !== 0 }
  } catch (err) {
    return { path, problem: `cannot be read: ${messageOf(err)}` }
  }
}
