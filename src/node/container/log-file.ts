// Reads a container's log in the CRI format: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`, over its rotated files. No clock, no waiting.
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface LogLine {
  /** As the runtime wrote it, with nanoseconds. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The line was split here and continues in the next record. */
  readonly partial: boolean
  readonly text: Buffer
}

/** Undefined if the record is not in the CRI format. The record has no line feed. */
export function parseLogLine(record: Buffer): LogLine | undefined {
  const first = record.indexOf(0x20)
  const second = record.indexOf(0x20, first + 1)
  const third = record.indexOf(0x20, second + 1)
  if (first < 0 || second < 0) return undefined
  const tagsEnd = third < 0 ? record.length : third
  const stream = record.toString('latin1', first + 1, second)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const partial = record.toString('latin1', second + 1, tagsEnd).split(':')[0] === 'P'
  return { time: record.toString('latin1', 0, first), stream, partial, text: third < 0 ? Buffer.alloc(0) : record.subarray(third + 1) }
}

/** Files of one container instance, oldest first: `0.log.20260101-…`, then `0.log`. */
export async function logFiles(path: string): Promise<string[]> {
  const name = basename(path)
  // A container that never started has no folder.
  const names: string[] = await readdir(dirname(path)).catch(() => [])
  const rotated = names.filter(other => other.startsWith(`${name}.`)).sort()
  return [...rotated, ...(names.includes(name) ? [name] : [])].map(other => join(dirname(path), other))
}

const chunkSize = 64 * 1024

/** Splits a growing file into records; each call of `next` reads what has been written so far. */
export class LogFileReader implements AsyncDisposable {
  readonly #handle: FileHandle
  #offset: number
  #rest: Buffer = Buffer.alloc(0)

  private constructor(handle: FileHandle, offset: number) {
    this.#handle = handle
    this.#offset = offset
  }

  static async open(path: string, offset = 0): Promise<LogFileReader> {
    return new LogFileReader(await open(path), offset)
  }

  /** Complete lines from here to the current end, a chunk at a time; an empty result is the end. */
  async next(): Promise<LogLine[]> {
    const buffer = Buffer.allocUnsafe(chunkSize)
    const { bytesRead } = await this.#handle.read(buffer, 0, chunkSize, this.#offset)
    this.#offset += bytesRead
    if (bytesRead === 0) return []
    const lines: LogLine[] = []
    let data = this.#rest.length === 0 ? buffer.subarray(0, bytesRead) : Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)])
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
      const line = parseLogLine(data.subarray(0, end))
      if (line) lines.push(line)
      data = data.subarray(end + 1)
    }
    this.#rest = Buffer.from(data)
    return lines.length === 0 ? await this.next() : lines
  }

  /** Whether the name still points to this file; after a rotation it points to the next one. */
  async isAt(path: string): Promise<boolean> {
    const mine = await this.#handle.stat()
    // Between the rename and the runtime's next line, no file has the name.
    const there = await open(path).catch(() => undefined)
    if (!there) return false
    try {
      return (await there.stat()).ino === mine.ino
    } finally {
      await there.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

/** Byte offset of the last `count` records of the file, searched from its end. */
export async function tailOffset(path: string, count: number): Promise<{ offset: number; found: number }> {
  await using handle = await open(path)
  let position = (await handle.stat()).size
  let found = 0
  if (count === 0) return { offset: position, found }
  const buffer = Buffer.allocUnsafe(chunkSize)
  const size = position
  while (position > 0) {
    const length = Math.min(chunkSize, position)
    position -= length
    await handle.read(buffer, 0, length, position)
    for (let i = length - 1; i >= 0; i--) {
      if (buffer[i] !== 0x0a || position + i === size - 1) continue
      found++
      if (found === count) return { offset: position + i + 1, found }
    }
  }
  return { offset: 0, found: size === 0 ? 0 : found + 1 }
}
