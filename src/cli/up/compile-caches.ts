// Bounds V8's caches of compiled code: each part has one, every version of the code adds to it, and Node never removes an entry.
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { folderSize } from '../../base/files/folder-size.ts'
import { openFolder, removeTree } from '../../base/files/remove-tree.ts'
import { codeOf } from '../../base/user-error.ts'

export interface CacheLimits {
  readonly bytes: number
  readonly files: number
}

/** One version of the code takes at most 3 MB in 200 files. */
export const cacheLimits: CacheLimits = { bytes: 64 << 20, files: 10_000 }

export const cacheName = 'compile-cache'

/**
 * Removes each cache that is larger; the next start of its part fills it again. Call it while no part runs. The folders belong to parts, so
 * no link in them is followed.
 */
export async function emptyLargeCaches(homes: readonly string[], limits = cacheLimits): Promise<void> {
  for (const home of homes) {
    const path = join(home, cacheName)
    const { bytes, isWhole } = await folderSize(path, limits.files)
    if (isWhole && bytes <= limits.bytes) continue
    let folder: number
    try {
      folder = openFolder(home)
    } catch (err) {
      if (codeOf(err) === 'ENOENT') continue
      throw err
    }
    try {
      removeTree(folder, cacheName, path)
    } finally {
      closeSync(folder)
    }
  }
}
