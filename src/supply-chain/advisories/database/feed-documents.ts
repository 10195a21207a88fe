// The documents of a feed: one file, packed or not, an archive, or all files of a folder.
import { createHash } from 'node:crypto'
import { constants, readdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { cannotRead, UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { zipEntries } from '../../zip/zip-entries.ts'
import { type FeedDocument, maxDocumentBytes } from '../sources/feed-format.ts'

/** Bytes of one file as it is on disk. The largest archive of osv.dev has about 400 MB. */
export const maxFeedBytes = 1 << 30
/** Files of a folder, at most this deep. */
export const maxFeedFiles = 1_000_000
export const maxFeedDepth = 8

export interface Feed {
  /** Of a file its SHA-256; of a folder the SHA-256 of its files' names and digests. In hex. */
  digest(): string
  /** The content of a single file; undefined for a folder. */
  readonly bytes?: Buffer
  /** When the file, or the newest of the folder, was written, in milliseconds. */
  readonly modified: number
  documents(): AsyncIterable<FeedDocument>
}

/** Reads a file whole, once: what is verified is what is imported. Links inside of a folder are not followed. */
export async function openFeed(path: string): Promise<Feed> {
  const file = await readRegular(path).catch((err: unknown) => {
    throw cannotRead(path, err)
  })
  if (file === 'folder') return folderFeed(path)
  const { bytes, modified } = file
  return { bytes, modified, digest: () => createHash('sha256').update(bytes).digest('hex'), documents: () => documentsOf(path, bytes) }
}

async function readRegular(path: string, follow = true): Promise<{ readonly bytes: Buffer; readonly modified: number } | 'folder'> {
  // A pipe would wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW)
  const handle = await open(path, flags)
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) return 'folder'
    if (!stat.isFile()) throw new UserError(`Cannot read "${path}": it is not a regular file`)
    if (stat.size > maxFeedBytes) throw new UserError(`"${path}" has ${stat.size} bytes, at most ${maxFeedBytes} are read`)
    return { bytes: await readAll(handle, stat.size, path), modified: Math.floor(stat.mtimeMs) }
  } finally {
    await handle.close()
  }
}

/** Exactly the bytes that the file had when it was opened. */
async function readAll(handle: FileHandle, size: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled)
    if (bytesRead === 0) throw new UserError(`"${path}" became shorter while it was read`)
    filled += bytesRead
  }
  return bytes
}

async function* documentsOf(path: string, bytes: Buffer): AsyncGenerator<FeedDocument> {
  if (bytes.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004', 'latin1'))) {
    for (const entry of zipEntries(bytes, `"${path}"`)) yield { name: `${path}:${entry.name}`, bytes: entry.content() }
    return
  }
  yield { name: path, bytes: bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes, path) : bytes }
}

function gunzip(bytes: Buffer, path: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxDocumentBytes })
  } catch (err) {
    throw new UserError(
      `"${path}" cannot be unpacked within ${maxDocumentBytes} bytes: ${err instanceof Error ? err.message : String(err)}`,
      { cause: err },
    )
  }
}

function folderFeed(folder: string): Feed {
  const hash = createHash('sha256')
  const feed = { modified: 0, digest: () => hash.copy().digest('hex') }
  async function* documents(): AsyncGenerator<FeedDocument> {
    for (const name of filesOf(folder)) {
      const path = join(folder, name)
      const file = await readRegular(path, false).catch((err: unknown) => {
        throw cannotRead(path, err)
      })
      if (file === 'folder') continue
      hash.update(`${writeJson(name)} ${createHash('sha256').update(file.bytes).digest('hex')}\n`)
      feed.modified = Math.max(feed.modified, file.modified)
      yield* documentsOf(path, file.bytes)
    }
  }
  return Object.assign(feed, { documents })
}

/** JSON files and archives, by name. */
function filesOf(folder: string, depth = 0): string[] {
  const found: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) {
      if (depth >= maxFeedDepth)
        throw new UserError(`"${join(folder, entry.name)}" is too deep: folders of a feed have at most ${maxFeedDepth} levels`)
      for (const name of filesOf(join(folder, entry.name), depth + 1)) found.push(join(entry.name, name))
    } else if (entry.isFile() && /\.(?:json|zip|csv|gz)$/.test(entry.name)) found.push(entry.name)
    if (found.length > maxFeedFiles) throw new UserError(`"${folder}" has more than ${maxFeedFiles} files, which is the limit`)
  }
  return found
}
