// Searches one event in the files of an audit log, newest first, within a limit of bytes.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../base/user-error.ts'
import { type AuditEvent, parseEventLine } from './audit-event.ts'
import { logFileName, logFileNumbers } from './log-files.ts'
import { isOfSealedEvent } from './log-record.ts'

const chunkBytes = 1 << 20
/** Longer lines are skipped: no event has them. */
const maxLineBytes = 1 << 20

export interface FindOptions {
  readonly directory: string
  /** Limit of bytes read, from the newest record back. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** What a line says of its request: the event, or that only readers can read it. */
export type FoundEvent = AuditEvent | 'sealed'

/** Undefined for a line that is about no request. */
export const eventIn = (line: string): FoundEvent | undefined => (isOfSealedEvent(Buffer.from(line)) ? 'sealed' : parseEventLine(line))

/** The newest event with this id; undefined if none is within the limit. The id is a UUID that the server generated. */
export async function findEvent(auditId: string, { directory, maxBytes, signal }: FindOptions): Promise<FoundEvent | undefined> {
  const wanted = Buffer.from(`"auditID":${JSON.stringify(auditId)}`)
  let left = maxBytes
  for (const number of (await logFileNumbers(directory)).reverse()) {
    if (left <= 0) return undefined
    const { line, read } = await findLine(join(directory, logFileName(number)), wanted, left, signal).catch(rotatedAway)
    left -= read
    const event = line === undefined ? undefined : eventIn(line)
    if (event === 'sealed' || event?.auditID === auditId) return event
  }
  return undefined
}

/** The oldest file may be removed during the search. */
function rotatedAway(err: unknown): { line?: string; read: number } {
  if (codeOf(err) === 'ENOENT') return { read: 0 }
  throw err
}

/** The last line of the file with these bytes, and how much of the file was read. */
async function findLine(path: string, wanted: Buffer, maxBytes: number, signal: AbortSignal): Promise<{ line?: string; read: number }> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    let read = 0
    // The beginning of the next chunk, for matches across the border.
    let behind = Buffer.alloc(0)
    for (let end = size; end > 0 && read < maxBytes; ) {
      signal.throwIfAborted()
      const length = Math.min(chunkBytes, end)
      const chunk = Buffer.alloc(length)
      await file.read(chunk, 0, length, end - length)
      read += length
      end -= length
      const found = Buffer.concat([chunk, behind]).lastIndexOf(wanted)
      if (found >= 0) {
        const line = await lineAround(file, end + found)
        return { ...(line === undefined ? {} : { line }), read }
      }
      behind = chunk.subarray(0, wanted.length - 1)
    }
    return { read }
  } finally {
    await file.close()
  }
}

/** The whole line with this byte of the file; undefined if it is longer than any event. */
async function lineAround(file: Awaited<ReturnType<typeof open>>, at: number): Promise<string | undefined> {
  const from = Math.max(0, at - maxLineBytes)
  const around = Buffer.alloc(2 * maxLineBytes)
  const { bytesRead } = await file.read(around, 0, around.length, from)
  const bytes = around.subarray(0, bytesRead)
  const begin = bytes.lastIndexOf(10, at - from) + 1
  const end = bytes.indexOf(10, at - from)
  if (end < 0 || (begin === 0 && from > 0)) return undefined
  return bytes.toString('utf8', begin, end)
}
