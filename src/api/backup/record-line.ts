// A line of a backup: one object, or its deletion, at one revision. The API server writes such lines, and each backup consists of them, so that
// any program that reads lines of JSON reads a backup.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

export interface RecordPlace {
  /** For example `pods` or `deployments.apps`. */
  readonly resource: string
  /** Empty for a cluster-scoped object. */
  readonly namespace: string
  readonly name: string
}

export interface ObjectRecord extends RecordPlace {
  readonly revision: number
  /** SHA-256 in hexadecimal of the object as the API server had it in memory. Empty for a deletion. */
  readonly sha256: string
  /** The JSON with which the API server answers GET; undefined for a deletion. */
  readonly bytes: Buffer | undefined
}

/** Names are bounded by the API: a resource and a name of 253 bytes each, a namespace of 63, and the numbers. */
const maxHeaderBytes = 4096
const beforeObject = Buffer.from(',"object":')

/** `{"resource":…,"namespace":…,"name":…,"revision":…,"sha256":…,"object":…}`, or with `"deleted":true`; ends with a line feed. */
export function formatRecord({ resource, namespace, name, revision, sha256, bytes }: ObjectRecord): Buffer {
  if (bytes === undefined) return Buffer.from(`${writeJson({ resource, namespace, name, revision, deleted: true })}\n`)
  const header = writeJson({ resource, namespace, name, revision, sha256 })
  return Buffer.concat([Buffer.from(header.slice(0, -1)), beforeObject, bytes, lineEnd])
}

const lineEnd = Buffer.from('}\n')

/**
 * Parses a line without its line feed. The object stays bytes, because its digest is of these. In JSON text the separator cannot be part of
 * a string, where quotes are escaped. Throws an Error that says what is wrong.
 */
export function parseRecord(line: Buffer): ObjectRecord {
  const at = line.subarray(0, maxHeaderBytes).indexOf(beforeObject)
  if (at < 0 && line.length > maxHeaderBytes) throw new Error(`a line has no object within its first ${maxHeaderBytes} bytes`)
  const value = parseJson(at < 0 ? line.toString('utf8') : `${line.toString('utf8', 0, at)}}`)
  if (!isJsonObject(value)) throw new Error('a line is not a JSON object')
  const { resource, namespace, name, revision, sha256 = '', deleted } = value
  if (typeof resource !== 'string' || typeof namespace !== 'string' || typeof name !== 'string' || resource === '' || name === '')
    throw new Error('a line does not name its object')
  if (!isRevision(revision)) throw new Error('a line has no revision')
  if (at < 0 && deleted !== true) throw new Error('a line has neither an object nor "deleted"')
  if (at >= 0 && (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))) throw new Error('a line has no digest of its object')
  const bytes = at < 0 ? undefined : line.subarray(at + beforeObject.length, line.length - 1)
  if (bytes !== undefined && line.at(-1) !== 0x7d) throw new Error('a line does not end with its object')
  return { resource, namespace, name, revision, sha256: at < 0 ? '' : String(sha256), bytes }
}

export const isRevision = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** The place as one text, by which records of one object are found. */
export const placeKey = ({ resource, namespace, name }: RecordPlace): string => `${resource} ${namespace}/${name}`

/** Calls `visit` with each line of the buffer. Throws for a last line without its line feed. */
export function forEachLine(lines: Buffer, visit: (line: Buffer) => void): void {
  let from = 0
  for (let end = lines.indexOf(0x0a, from); end >= 0; end = lines.indexOf(0x0a, from)) {
    visit(lines.subarray(from, end))
    from = end + 1
  }
  if (from !== lines.length) throw new Error('the last line is cut short')
}
