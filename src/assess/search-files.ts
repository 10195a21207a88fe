// Searches all files below a folder for byte sequences, in pieces, so that large files need little memory.
import type { Dirent } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { codeOf } from '../base/user-error.ts'

export interface SearchResult {
  /** Names of the found sequences by file, relative to the folder. */
  readonly hits: ReadonlyMap<string, readonly string[]>
  readonly files: number
  readonly bytes: number
}

const pieceBytes = 1 << 20

/** `skip` decides which (relative) folders are left out. Rejects with EACCES if something cannot be read. */
export async function searchFiles(
  folder: string,
  needles: ReadonlyMap<string, Buffer>,
  skip: (path: string) => boolean,
  signal: AbortSignal,
): Promise<SearchResult> {
  const hits = new Map<string, readonly string[]>()
  let files = 0
  let bytes = 0
  for (const waiting = [folder]; ; ) {
    const current = waiting.pop()
    if (current === undefined) return { hits, files, bytes }
    for (const entry of await entriesOf(current)) {
      signal.throwIfAborted()
      const path = join(current, entry.name)
      const name = relative(folder, path)
      if (entry.isDirectory() && !skip(name)) waiting.push(path)
      if (!entry.isFile()) continue
      const result = await searchFile(path, needles, signal)
      files++
      bytes += result.bytes
      if (result.names.length > 0) hits.set(name, result.names)
    }
  }
}

async function searchFile(path: string, needles: ReadonlyMap<string, Buffer>, signal: AbortSignal) {
  const names = new Set<string>()
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length)) - 1
  let bytes = 0
  try {
    await using file = await open(path)
    const piece = Buffer.allocUnsafe(pieceBytes + overlap)
    for (let kept = 0; ; ) {
      signal.throwIfAborted()
      const { bytesRead } = await file.read(piece, kept, pieceBytes, bytes)
      if (bytesRead === 0) break
      bytes += bytesRead
      const view = piece.subarray(0, kept + bytesRead)
      for (const [name, needle] of needles) if (view.includes(needle)) names.add(name)
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

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return []
    throw err
  }
}
