// How much a folder has, without following links.
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../user-error.ts'

/** Counting stops there: a node's images can have millions of files, and the size is only shown. */
export const maxCounted = 200_000

export interface FolderSize {
  /** On the disk. */
  readonly bytes: number
  /** False if counting stopped at the limit or something was not readable. */
  readonly isWhole: boolean
}

const blockBytes = 512

export async function folderSize(path: string, most = maxCounted): Promise<FolderSize> {
  let bytes = 0
  let isWhole = true
  const waiting = [path]
  let counted = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (counted++ >= most) return { bytes, isWhole: false }
    try {
      const stats = await lstat(next)
      bytes += stats.blocks * blockBytes
      if (!stats.isDirectory()) continue
      for await (const { name } of await opendir(next)) {
        if (waiting.length + counted >= most) {
          isWhole = false
          break
        }
        waiting.push(join(next, name))
      }
    } catch (err) {
      if (!['ENOENT', 'EACCES', 'ENAMETOOLONG'].includes(codeOf(err))) throw err
      isWhole &&= codeOf(err) === 'ENOENT'
    }
  }
  return { bytes, isWhole }
}
