// Lists and hashes the files of a folder. Small files are read at once, since the page cache has them and a round trip to a thread takes longer, and are
// hashed in threads meanwhile. Links are not followed.
import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { FoundFile } from './compare-files.ts'

/** Files at a time, which bounds what is in memory: more than Node has threads, so that none waits for this one. */
const inParallel = 16
/** A larger file is not read: no file of the published package has a tenth of it. */
export const maxFileBytes = 64 * 1024 * 1024
/** Larger ones are read piece by piece. */
const wholeBytes = 8 * 1024 * 1024
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

/** In the order of the paths. A file that cannot be read, or has more than `maxBytes`, is one with a problem. */
export async function readFiles(root: string, paths: readonly string[], maxBytes = maxFileBytes): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>()
  const waiting = paths.values()
  const work = async (): Promise<void> => {
    for (const path of waiting) found.set(path, await readOne(root, path, maxBytes))
  }
  await Promise.all(Array.from({ length: inParallel }, work))
  return paths.flatMap(path => found.get(path) ?? [])
}

async function readOne(root: string, path: string, maxBytes: number): Promise<FoundFile> {
  const file = join(root, path)
  try {
    const stat = lstatSync(file)
    if (!stat.isFile()) return { path, problem: 'is no regular file' }
    if (stat.size > maxBytes) return { path, problem: `has ${stat.size} bytes, at most ${maxBytes} are read` }
    const executable = (stat.mode & 0o100) !== 0
    if (stat.size > wholeBytes) return { path, ...(await hashPieces(file)), executable }
    const content = readFileSync(file)
    const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', content)).toString('hex')
    return { path, sha256, size: content.length, executable }
  } catch (err) {
    return { path, problem: `cannot be read: ${messageOf(err)}` }
  }
}

async function hashPieces(file: string): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of createReadStream(file)) {
    hash.update(piece)
    size += piece.length
  }
  return { sha256: hash.digest('hex'), size }
}
