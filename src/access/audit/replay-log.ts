// Reads the end of a log at the start of its writer: the tree of its lines, where its last whole line ends, and whether it is the log that
// was signed.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { readLines } from '../../base/files/read-lines.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { CompactTree } from '../../base/tlog/compact-tree.ts'
import { entriesIn } from '../../base/tlog/entry-bundle.ts'
import { hashBytes, leafHash } from '../../base/tlog/hashes.ts'
import { hashesAtLevel, maxTileLevel, type ReadTile, tileWidth } from '../../base/tlog/tiles.ts'
import { logFileName, logFileNumbers } from './log-files.ts'
import { isOlderFormat, maxLineBytes, parseEpochLine, parseSegment, type SegmentRecord } from './log-record.ts'
import { LogTree, type TreeEdge } from './log-tree.ts'

export interface SignedTree {
  readonly size: number
  readonly root: Buffer
}

export interface ReplayedLog {
  readonly tree: LogTree
  /** Of the newest file. */
  readonly number: number
  /** Its bytes up to the last whole line. */
  readonly bytes: number
  /** The root after each file that was read, by its number. */
  readonly ends: ReadonlyMap<number, Buffer>
  /** Epochs whose records were read. */
  readonly epochs: ReadonlySet<number>
}

/** Throws an Error that says what is wrong with a log that cannot be continued. */
export async function replayLog(
  directory: string,
  signed: SignedTree | undefined,
  readTile: (tile: Parameters<ReadTile>[0]) => Promise<Buffer | undefined>,
): Promise<ReplayedLog> {
  const numbers = await logFileNumbers(directory)
  const start = await startOf(directory, numbers, signed?.size ?? 0, readTile)
  const { tree } = start
  const ends = new Map<number, Buffer>()
  const epochs = new Set<number>()
  let bytes = 0
  let isSigned = signed === undefined || matches(tree, signed)
  for (const [at, number] of numbers.entries()) {
    if (at < start.at) continue
    const isNewest = at === numbers.length - 1
    const path = join(directory, logFileName(number))
    if (number !== (numbers[start.at] ?? number) + at - start.at)
      throw new Error(`records are lost: "${path}" does not follow the file before`)
    const whole = await replayFile(path, tree, isNewest ? (signed?.size ?? 0) : undefined, number, line => {
      const epoch = parseEpochLine(line)
      if (epoch !== undefined) epochs.add(epoch.epoch)
      if (signed !== undefined) isSigned ||= matches(tree, signed)
    })
    bytes = whole
    ends.set(number, tree.root())
  }
  if (signed !== undefined && tree.size < signed.size)
    throw new Error(`records are lost: the log ends with record ${tree.size}, and record ${signed.size} of it was signed`)
  if (!isSigned) throw new Error(`records were changed: the first ${signed?.size} are not those that were signed`)
  return { tree, number: numbers.at(-1) ?? 1, bytes, ends, epochs }
}

const matches = (tree: LogTree, signed: SignedTree): boolean => tree.size === signed.size && tree.root().equals(signed.root)

/** Appends the lines of a file. Returns where the last whole one ends. `checkFrom`: lines from this index on may be damaged by a crash. */
async function replayFile(
  path: string,
  tree: LogTree,
  checkFrom: number | undefined,
  number: number,
  onLine: (line: Buffer) => void,
): Promise<number> {
  let bytes = 0
  for await (const lines of readLines(path, maxLineBytes)) {
    for (const line of lines) {
      const isWhole = line.at(-1) === 0x0a && (checkFrom === undefined || tree.size < checkFrom || isRecord(line))
      if (!isWhole) {
        if (checkFrom === undefined) throw new Error(`records were changed: "${path}" ends within a line`)
        return bytes
      }
      if (bytes === 0) checkSegment(line, path, number, tree)
      tree.appendLine(line)
      bytes += line.length
      onLine(line)
    }
  }
  return bytes
}

function checkSegment(line: Buffer, path: string, number: number, tree: LogTree): void {
  const segment = parseSegment(line)
  const continues =
    segment?.file === number && segment.first === tree.size && segment.roots.every((root, at) => tree.roots[at]?.equals(root))
  if (!continues) throw new Error(`records were changed: "${path}" does not continue the file before`)
}

/** A line that a crash cut or left holes in is no JSON. */
function isRecord(line: Buffer): boolean {
  try {
    return isJsonObject(parseJson(line.toString('utf8')))
  } catch {
    return false
  }
}

interface Start {
  readonly at: number
  readonly tree: LogTree
}

/** The newest file from which the tree can be continued, and that begins before the signed tree ends. */
async function startOf(
  directory: string,
  numbers: readonly number[],
  signedSize: number,
  readTile: (tile: Parameters<ReadTile>[0]) => Promise<Buffer | undefined>,
): Promise<Start> {
  for (let at = numbers.length - 1; at >= 0; at--) {
    const path = join(directory, logFileName(numbers[at] ?? 0))
    const line = await firstLine(path)
    const segment = line === undefined ? undefined : parseSegment(line)
    if (line !== undefined && isOlderFormat(line))
      throw new Error('it was written by an older release, whose logs this one does not continue')
    // A crash may leave the newest file without its first line.
    if (segment === undefined && at === numbers.length - 1) continue
    if (segment === undefined) throw new Error(`records were changed: the first line of "${path}" is not that of a log`)
    if (segment.first > signedSize && at > 0) continue
    const tree = segment.first === 0 ? new LogTree() : await treeFrom(segment, readTile)
    if (tree !== undefined) return { at, tree }
  }
  if (numbers.length > 1 || signedSize > 0) {
    const [oldest = 1] = numbers
    const loss = `records are lost: the log ends with record 0, and record ${signedSize} of it was signed`
    throw new Error(oldest > 1 || numbers.length > 1 ? 'the tiles by which its oldest file continues are missing' : loss)
  }
  return { at: 0, tree: new LogTree() }
}

async function firstLine(path: string): Promise<Buffer | undefined> {
  const file = await open(path)
  try {
    const bytes = Buffer.alloc(1 << 16)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    const end = bytes.subarray(0, bytesRead).indexOf(0x0a)
    return end < 0 ? undefined : bytes.subarray(0, end + 1)
  } finally {
    await file.close()
  }
}

/** The tree before a segment, with its edge from the tiles on disk; undefined if they are missing or of another tree. */
export async function treeFrom(
  { first, roots }: SegmentRecord,
  readTile: (tile: Parameters<ReadTile>[0]) => Promise<Buffer | undefined>,
): Promise<LogTree | undefined> {
  const hashes: Buffer[][] = []
  const own: Buffer[] = []
  for (let level = maxTileLevel; level >= 0; level--) {
    const count = hashesAtLevel(first, level)
    const width = count % tileWidth
    const bytes = width === 0 ? Buffer.alloc(0) : await readTile({ level, index: Math.floor(count / tileWidth), width })
    if (bytes === undefined) return undefined
    const row = Array.from({ length: width }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes))
    hashes[level] = row
    const part = new CompactTree()
    for (const hash of row) part.append(hash)
    own.push(...part.roots)
  }
  if (own.length !== roots.length || own.some((root, at) => !roots[at]?.equals(root))) return undefined
  const width = first % tileWidth
  const bundle = width === 0 ? Buffer.alloc(0) : await readTile({ level: undefined, index: Math.floor(first / tileWidth), width })
  if (bundle === undefined) return undefined
  const entries = entriesIn(bundle)
  if (entries === undefined || entries.some((entry, at) => !hashes[0]?.[at]?.equals(leafHash(entry)))) return undefined
  const edge: TreeEdge = { hashes, entries }
  return new LogTree(CompactTree.of(first, roots), edge)
}
