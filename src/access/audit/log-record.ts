// Lines of the log that are no events: where a file begins in the tree, which key signs from here on, and what was found wrong.
import { isJsonObject, isTexts, parseJson } from '../../base/json.ts'
import { hashBytes } from '../../base/tlog/hashes.ts'
import { writeJson } from '../../base/write-json.ts'

/** No record is longer: a body has at most 3 MiB, and its JSON escapes may need more. */
export const maxLineBytes = 64 << 20

const recordVersion = 'audit.bulkhead.dev/v1'

/** The first line of each file. */
export interface SegmentRecord {
  readonly file: number
  /** The index of this line in the tree. */
  readonly first: number
  /** Roots of the perfect subtrees of everything before, largest first: with them the tree goes on without older files. */
  readonly roots: readonly Buffer[]
  /** The oldest file that is kept from here on: an older one may be missing, this one may not. */
  readonly oldest: number
}

export function segmentLine({ file, first, roots, oldest }: SegmentRecord): string {
  const fields = { kind: 'Segment', apiVersion: recordVersion, file, first, oldest, roots: roots.map(root => root.toString('base64')) }
  return `${writeJson(fields)}\n`
}

/** `certificate` is a signed note of base/tlog/epoch-certificate.ts. */
export const epochLine = (epoch: number, certificate: string): string =>
  `${writeJson({ kind: 'Epoch', apiVersion: recordVersion, epoch, certificate })}\n`

/** `time` as RFC 3339. */
export const alarmLine = (time: string, alarm: string, message: string): string =>
  `${writeJson({ kind: 'Alarm', apiVersion: recordVersion, time, alarm, message })}\n`

/** The first record of a log that follows another one: where that is, below the folder of this one, and its newest checkpoint if it had one. */
export const continuesLine = (folder: string, checkpoint: string | undefined): string =>
  `${writeJson({ kind: 'Continues', apiVersion: recordVersion, folder, checkpoint })}\n`

/** What a sealed event denied: it stays readable, because a restored store needs it. `changes` are annotations of the event. */
export const revocationLine = (auditID: string, time: string, changes: Readonly<Record<string, string>>): string =>
  `${writeJson({ kind: 'Revocation', apiVersion: recordVersion, auditID, time, changes })}\n`

const startOf = (kind: string): Buffer => Buffer.from(`{"kind":"${kind}",`)
const segmentStart = startOf('Segment')
const epochStart = startOf('Epoch')
/** Of a release that sealed batches. */
const olderStarts = [startOf('Seal'), startOf('Head')]
const eventStart = startOf('Event')
const revocationStart = startOf('Revocation')

const begins = (line: Buffer, start: Buffer): boolean => line.length > start.length && line.subarray(0, start.length).equals(start)
export const isEpochLine = (line: Buffer): boolean => begins(line, epochStart)
export const isSegmentLine = (line: Buffer): boolean => begins(line, segmentStart)
export const isEventLine = (line: Buffer): boolean => begins(line, eventStart)
/** An event that only its readers can read, or a key of them. */
export const isSealedLine = (line: Buffer): boolean => begins(line, startOf('Sealed')) || begins(line, startOf('SealKey'))
/** A line about one request that does not show the event itself. */
export const isOfSealedEvent = (line: Buffer): boolean => begins(line, startOf('Sealed')) || begins(line, revocationStart)
/** Whether the first line of a file is one of a release that had no segments. */
export const isOlderFormat = (line: Buffer): boolean => begins(line, eventStart) || olderStarts.some(start => begins(line, start))

/** Undefined for a line that is no well-formed segment. */
export function parseSegment(line: Buffer): SegmentRecord | undefined {
  const { file, first, roots, oldest } = (isSegmentLine(line) ? fieldsOf(line) : undefined) ?? {}
  if (!isCount(file) || !isCount(first) || !isCount(oldest) || !isTexts(roots)) return undefined
  const hashes = roots.map(root => Buffer.from(root, 'base64'))
  return hashes.every(({ length }) => length === hashBytes) ? { file, first, oldest, roots: hashes } : undefined
}

/** The certificate; undefined for a line that is no well-formed record of an epoch. */
export function parseEpochLine(line: Buffer): { readonly epoch: number; readonly certificate: string } | undefined {
  const { epoch, certificate } = (isEpochLine(line) ? fieldsOf(line) : undefined) ?? {}
  return isCount(epoch) && typeof certificate === 'string' ? { epoch, certificate } : undefined
}

/** The changes; undefined for a line that is no well-formed record of them. */
export function parseRevocationLine(line: Buffer): Readonly<Record<string, string>> | undefined {
  const { changes } = (begins(line, revocationStart) ? fieldsOf(line) : undefined) ?? {}
  return isJsonObject(changes) && isTextRecord(changes) ? changes : undefined
}

const isTextRecord = (value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, string>> =>
  Object.values(value).every(each => typeof each === 'string')

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function fieldsOf(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(line.toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    // A damaged line has no fields.
    return undefined
  }
}
