// The packages of a folder of sources or of an unpacked image: what is installed below it, and what its lock files declare.
import { constants, type Dirent } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotRead, UserError } from '../../base/user-error.ts'
import type { SkippedFile } from '../oci/layers/image-files.ts'
import { isTooLong, maxPathBytes, maxPathDepth } from '../oci/layers/image-path.ts'
import { type Catalogue, CatalogueBuilder } from './catalogue.ts'
import { cataloguers } from './cataloguers/index.ts'

export const maxDirectoryEntries = 2_000_000

/** Folders that hold no packages of their own. */
const ignoredFolders: ReadonlySet<string> = new Set(['.git', '.hg', '.svn'])

/** Links are not followed; `name` is for messages. Rejects with a UserError if the folder cannot be read, or has more entries than `maxEntries`. */
export async function catalogueDirectory(
  root: string,
  name: string,
  signal: AbortSignal,
  maxEntries = maxDirectoryEntries,
): Promise<Catalogue> {
  const builder = new CatalogueBuilder(cataloguers)
  const skipped: SkippedFile[] = []
  const pending = ['']
  let entries = 0
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await entriesOf(root, folder, name, skipped)) {
      signal.throwIfAborted()
      if (++entries > maxEntries) throw new UserError(`"${name}" has more than ${maxEntries} files`)
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (isTooLong(path))
        throw new UserError(`"${name}" has a path longer than ${maxPathBytes} bytes or deeper than ${maxPathDepth} folders`)
      if (entry.isDirectory()) {
        if (!ignoredFolders.has(entry.name)) pending.push(path)
      } else if (entry.isFile()) await readFileOf(root, path, builder, skipped)
    }
  }
  return builder.finish(skipped)
}

/** In the order of their names, so that the same folder gives the same result. */
async function entriesOf(root: string, folder: string, name: string, skipped: SkippedFile[]): Promise<Dirent[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (err) {
    const reason = cannotRead(join(name, folder), err)
    if (folder === '' || !(reason instanceof UserError)) throw reason
    skipped.push({ path: folder, reason: reason.message })
    return []
  }
}

async function readFileOf(root: string, path: string, builder: CatalogueBuilder, skipped: SkippedFile[]): Promise<void> {
  // Most files are told by their name: only the others are opened for their mode.
  if (builder.wish(path, { mode: 0o777, size: 1 }) === undefined) return
  try {
    await using handle = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = await handle.stat()
    const mode = stat.mode & 0o7777
    const wish = builder.wish(path, { mode, size: stat.size })
    if (wish === undefined || !stat.isFile()) return
    const head = Buffer.alloc(8)
    if (wish.beginsWith !== undefined) {
      const { bytesRead } = await handle.read(head, 0, head.length, 0)
      if (!wish.beginsWith.some(begin => head.subarray(0, bytesRead).subarray(0, begin.length).equals(begin))) return
    }
    if (stat.size > wish.maxBytes) {
      skipped.push({ path, reason: `it has ${stat.size} bytes, at most ${wish.maxBytes} are read` })
      return
    }
    const content = Buffer.allocUnsafeSlow(stat.size)
    let filled = 0
    while (filled < content.length) {
      const { bytesRead } = await handle.read(content, filled, content.length - filled, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    await builder.onFile({ path, mode, content: content.subarray(0, filled) })
  } catch (err) {
    const reason = cannotRead(path, err)
    if (!(reason instanceof UserError)) throw reason
    skipped.push({ path, reason: reason.message })
  }
}
