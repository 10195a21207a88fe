// Searches one event in the files of an audit log, newest first, within a limit of bytes.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
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

/** The same of a line that contains the id: undefined if it is about another request, whose body has the id of this one. */
export function eventOf(auditId: string, line: string): FoundEvent | undefined {
  const event = eventIn(line)
  return event === 'sealed' || event?.auditID === auditId ? event : undefined
}

/** The newest event with this id; undefined if none is within the limit. The id is a UUID that the server generated. */
export async function findEvent(auditId: string, { directory, maxBytes, signal }: FindOptions): Promise<FoundEvent | undefined> {
  let left = maxBytes
  for (const number of (await logFileNumbers(directory)).reverse()) {
    if (left <= 0) return undefined
    const { event, read } = await findIn(join(directory, logFileName(number)), auditId, left, signal).catch(rotatedAway)
    left -= read
    if (event !== undefined) return event
  }
  return undefined
}

/** The oldest file may be removed during the search. */
function rotatedAway(err: unknown): Found {
  if (codeOf(err) === 'ENOENT') return { read: 0 }
  throw err
}

interface Found {
  readonly event?: FoundEvent
  /** Bytes of the file that were read. */
  readonly read: number
}

/** Others can write lines with the id: each of them is read once, and counts. */
async function findIn(path: string, auditId: string, maxBytes: number, signal: AbortSignal): Promise<Found> {
  const wanted = Buffer.from(`"auditID":${writeJson(auditId)}`)
  const file = await open(path)
  try {
    const { size } = await file.stat()
    let read = 0
    // The beginning of the next chunk, for matches across the border.
    let behind = Buffer.alloc(0)
    // Matches from here on are in lines that were read.
    let done = size
    for (let end = size; end > 0 && read < maxBytes; ) {
      signal.throwIfAborted()
      const length = Math.min(chunkBytes, end)
      const chunk = Buffer.alloc(length)
      await file.read(chunk, 0, length, end - length)
      read += length
      end -= length
      const text = Buffer.concat([chunk, behind])
      const next = (): number => (done <= end ? -1 : text.lastIndexOf(wanted, done - end - 1))
      for (let at = next(); at >= 0 && read < maxBytes; at = next()) {
        signal.throwIfAborted()
        const line = await lineAround(file, end + at)
        read += line.read
        const event = line.text === undefined ? undefined : eventOf(auditId, line.text)
        if (event !== undefined) return { event, read }
        done = Math.min(line.begin, end + at)
      }
      behind = chunk.subarray(0, wanted.length - 1)
    }
    return { read }
  } finally {
    await file.close()
  }
}

interface LineAround {
  /** Undefined if it is longer than any event. */
  readonly text?: string
  /** Where it begins in the file, or where the search for its beginning ended. */
  readonly begin: number
  readonly read: number
}

/** The whole line with this byte of the file. */
async function lineAround(file: Awaited<ReturnType<typeof open>>, at: number): Promise<LineAround> {
  const from = Math.max(0, at - maxLineBytes)
  const around = Buffer.alloc(2 * maxLineBytes)
  const { bytesRead: read } = await file.read(around, 0, around.length, from)
  const bytes = around.subarray(0, read)
  const begin = bytes.lastIndexOf(10, at - from) + 1
  const end = bytes.indexOf(10, at - from)
  const line = { begin: from + begin, read }
  if (end < 0 || (begin === 0 && from > 0)) return line
  return { ...line, text: bytes.toString('utf8', begin, end) }
}
