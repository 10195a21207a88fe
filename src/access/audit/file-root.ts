// The tree at a place of one file of the log: its first line says what comes before.
import { type FileHandle, open } from 'node:fs/promises'
import { readLines } from '../../base/files/read-lines.ts'
import { CompactTree } from '../../base/tlog/compact-tree.ts'
import { leafHash, sha256 } from '../../base/tlog/hashes.ts'
import { maxLineBytes, parseSegment } from './log-record.ts'

const chunkBytes = 1 << 20
const newline = 0x0a

/** The root after the first `bytes` of the file; undefined if no log file ends a line there. */
export async function rootOfFile(path: string, bytes: number): Promise<Buffer | undefined> {
  const file = await open(path)
  try {
    return await rootOf(file, bytes)
  } finally {
    await file.close()
  }
}

/** As `rootOfFile`, of a file that is open. */
export async function rootOf(file: Pick<FileHandle, 'read'>, bytes: number): Promise<Buffer | undefined> {
  let tree: CompactTree | undefined
  let rest = Buffer.alloc(0)
  for (let at = 0; at < bytes; ) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, bytes - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    if (bytesRead === 0) return undefined
    at += bytesRead
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    let from = 0
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline, from)) {
      const line = rest.subarray(from, end + 1)
      tree ??= treeBefore(line)
      if (tree === undefined) return undefined
      tree.append(leafHash(sha256(line)))
      from = end + 1
    }
    rest = rest.subarray(from)
  }
  return rest.length === 0 ? tree?.root() : undefined
}

function treeBefore(line: Buffer): CompactTree | undefined {
  const segment = parseSegment(line)
  try {
    return segment && CompactTree.of(segment.first, segment.roots)
  } catch {
    // Not the roots of a tree of this size.
    return undefined
  }
}

/** The indexes of the lines of a file; undefined for a file that is none of a log. */
export async function rangeOfFile(path: string): Promise<{ readonly first: number; readonly end: number } | undefined> {
  let first: number | undefined
  let lines = 0
  for await (const chunk of readLines(path, maxLineBytes)) {
    for (const line of chunk) {
      first ??= parseSegment(line)?.first
      if (first === undefined) return undefined
      lines++
    }
  }
  return first === undefined ? undefined : { first, end: first + lines }
}
