// Searches all files below a folder for byte sequences, in pieces, so that large files need little memory.
import type { Dirent } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Transform } from 'node:stream'
import { createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import { codeOf } from '../base/user-error.ts'

export interface SearchResult {
  /** Names of the found sequences by file, relative to the folder. */
  readonly hits: ReadonlyMap<string, readonly string[]>
  readonly files: number
  readonly bytes: number
}

const pieceBytes = 1 << 20
/** How compressed data begins (RFC 1952 without a file name, RFC 1950 at its usual levels, RFC 8878), and where its body does. */
const compressions = [
  { magic: Buffer.from([0x1f, 0x8b, 8, 0]), decompressor: createInflateRaw, header: 10 },
  ...[1, 0x5e, 0x9c, 0xda].map(level => ({ magic: Buffer.from([0x78, level]), decompressor: createInflate, header: 0 })),
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), decompressor: createZstdDecompress, header: 0 },
]
/** Of compressed data, and of what comes out. */
const maxCompressed = 256 << 10
const maxPlain = 1 << 20
const compressedPieceBytes = 64

/** Also finds what is compressed. `skip` decides which (relative) folders are left out. Rejects with EACCES if something cannot be read. */
export async function searchFiles(
  folder: string,
  needles: ReadonlyMap<string, Buffer>,
  skip: (path: string) => boolean,
  signal: AbortSignal,
): Promise<SearchResult> {
  const hits = new Map<string, readonly string[]>()
  let files = 0
  let bytes = 0
  // One buffer for all files: the collector would count one of each as garbage outside of its heap, and run again and again.
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length)) - 1
  const piece = Buffer.allocUnsafe(pieceBytes + overlap)
  for (const waiting = [folder]; ; ) {
    const current = waiting.pop()
    if (current === undefined) return { hits, files, bytes }
    for (const entry of await entriesOf(current)) {
      signal.throwIfAborted()
      const path = join(current, entry.name)
      const name = relative(folder, path)
      if (entry.isDirectory() && !skip(name)) waiting.push(path)
      if (!entry.isFile()) continue
      const result = await searchFile(path, needles, piece, signal)
      files++
      bytes += result.bytes
      if (result.names.length > 0) hits.set(name, result.names)
    }
  }
}

/** `piece` has room for a piece and for all but a byte of the longest sequence. */
async function searchFile(path: string, needles: ReadonlyMap<string, Buffer>, piece: Buffer, signal: AbortSignal) {
  const names = new Set<string>()
  const overlap = piece.length - pieceBytes
  let bytes = 0
  try {
    await using file = await open(path)
    for (let kept = 0; ; ) {
      signal.throwIfAborted()
      const { bytesRead } = await file.read(piece, kept, pieceBytes, bytes)
      if (bytesRead === 0) break
      bytes += bytesRead
      const view = piece.subarray(0, kept + bytesRead)
      for (const [name, needle] of needles) if (view.includes(needle)) names.add(name)
      for await (const text of compressedTexts(view))
        for (const [name, needle] of needles) if (text.includes(needle)) names.add(`${name}, compressed`)
      // A sequence may lie across two pieces.
      kept = Math.min(overlap, view.length)
      view.copy(piece, 0, view.length - kept)
    }
  } catch (err) {
    // Rotated or removed by a checkpoint meanwhile.
    if (codeOf(err) !== 'ENOENT') throw err
  }
  return { names: [...names], bytes }
}

/** Everything compressed that begins in these bytes, as far as it goes. */
async function* compressedTexts(bytes: Buffer): AsyncGenerator<Buffer> {
  for (const { magic, decompressor, header } of compressions)
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1))
      yield await plainBeginning(decompressor(), bytes.subarray(at + header, at + maxCompressed))
}

async function plainBeginning(stream: Transform, bytes: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  // An error is the usual end: what looks like a beginning is none, or other data follows.
  const ended = new Promise<void>(resolve => {
    for (const end of ['end', 'error', 'close']) stream.on(end, () => resolve())
  })
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece)
    length += piece.length
    if (length > maxPlain) stream.destroy()
  })
  // In small pieces, because an error loses the output of its piece.
  for (let at = 0; at < bytes.length && stream.writable; at += compressedPieceBytes) {
    const written = new Promise<void>(resolve => stream.write(bytes.subarray(at, at + compressedPieceBytes), () => resolve()))
    await Promise.race([written, ended])
  }
  stream.end()
  await ended
  return Buffer.concat(pieces)
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return []
    throw err
  }
}
