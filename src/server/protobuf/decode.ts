// Decodes a body in Kubernetes' protobuf to its JSON value. Strictness, defaults and validation follow, as for JSON.

import { maxValues, parseJsonBytes, unrecognized } from '../../api/schema/decode.ts'
import { type GroupVersionKind, schemaFor } from '../../api/schema/model.ts'
import { writeJson } from '../../base/write-json.ts'
import { type FieldRow, messages } from './message-plan.ts'
import { type Reader, readerOf, Tally, WireError } from './wire.ts'

type JsonObject = Record<string, unknown>

const byNumber = new Map<string, ReadonlyMap<number, FieldRow>>()
/** The magic prefix. */
const magic = Buffer.from('k8s\0')
const noMessage = `provided data does not appear to be a protobuf message, expected prefix [${magic.join(' ')}]`
const maxDepth = 200

/** Messages that are lists in JSON. */
const lists: ReadonlySet<string> = new Set([
  'meta/v1.Verbs',
  'authentication/v1.ExtraValue',
  'authorization/v1.ExtraValue',
  'certificates/v1.ExtraValue',
])

/** Position in the message and number of fields read. */
interface Place {
  readonly depth: number
  readonly tally: Tally
}

const deeper = ({ depth, tally }: Place): Place => ({ depth: depth + 1, tally })

/** `kind` is that of the path; the bytes name their own. Throws a 400 for malformed bytes and for more than `most` fields. */
export function decodeProtobuf(bytes: Buffer, kind: GroupVersionKind, most = maxValues): JsonObject {
  try {
    return decode(bytes, kind, most)
  } catch (err) {
    if (!(err instanceof WireError)) throw err
    throw unrecognized(err.message, kind.kind, bytes)
  }
}

function decode(bytes: Buffer, kind: GroupVersionKind, most: number): JsonObject {
  if (!bytes.subarray(0, 4).equals(magic)) throw new WireError(noMessage)
  const unknown: { apiVersion: string; kind: string; raw: Buffer } = { apiVersion: '', kind: '', raw: Buffer.alloc(0) }
  const tally = new Tally(most)
  readerOf(bytes.subarray(4), tally, 4).fields((number, field) => {
    if (number === 1) {
      readerOf(field.bytes(), tally, 2).fields((inner, value) => {
        if (inner === 1) unknown.apiVersion = value.text()
        else if (inner === 2) unknown.kind = value.text()
      })
    } else if (number === 2) unknown.raw = field.bytes()
  })
  const [first = '', second] = unknown.apiVersion.split('/')
  const [group, version] = unknown.apiVersion === '' ? [kind.group, kind.version] : second === undefined ? ['', first] : [first, second]
  const name = unknown.kind || kind.kind
  // Options of the meta package are registered in each group.
  const message = schemaFor(group, version, name)?.key ?? `meta/v1.${name}`
  if (!messages.has(message)) throw new WireError(`no kind ${writeJson(name)} is registered for version ${writeJson(unknown.apiVersion)}`)
  const value = readMessage(message, unknown.raw, { depth: 0, tally })
  return {
    ...(unknown.kind === '' ? {} : { kind: unknown.kind }),
    ...(unknown.apiVersion === '' ? {} : { apiVersion: unknown.apiVersion }),
    ...value,
  }
}

function rowsOf(message: string): ReadonlyMap<number, FieldRow> {
  let rows = byNumber.get(message)
  if (rows === undefined) {
    rows = new Map((messages.get(message) ?? []).map(row => [row[0], row]))
    byNumber.set(message, rows)
  }
  return rows
}

function readMessage(message: string, bytes: Buffer, place: Place): JsonObject {
  if (place.depth > maxDepth) throw new WireError('exceeded max depth')
  const rows = rowsOf(message)
  const value: JsonObject = {}
  readerOf(bytes, place.tally).fields((number, field) => {
    const row = rows.get(number)
    // Unknown fields of newer versions are ignored, as in Go's decoder.
    if (row === undefined) return
    const [, name, type, shape] = row
    switch (shape) {
      case undefined:
        value[name] = read(type, field, place)
        return
      case 'i':
        Object.assign(value, readMessage(type, field.bytes(), deeper(place)))
        return
      case 'r':
        pushTo(value, name, read(type, field, place))
        return
      case 'm':
        putInto(value, name, field.bytes(), type, place)
    }
  })
  return value
}

function pushTo(value: JsonObject, name: string, item: unknown): void {
  const list = value[name]
  if (Array.isArray(list)) list.push(item)
  else value[name] = [item]
}

function putInto(value: JsonObject, name: string, bytes: Buffer, type: string, place: Place): void {
  let key = ''
  let item: unknown = emptyOf(type)
  readerOf(bytes, place.tally, 2).fields((number, field) => {
    if (number === 1) key = field.text()
    else if (number === 2) item = read(type, field, place)
  })
  const map: JsonObject = isObject(value[name]) ? value[name] : Object.create(null)
  map[key] = item
  value[name] = map
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

/** The value of an entry without one, decoded from nothing. */
function emptyOf(type: string): unknown {
  if (type === 'string' || type === 'bytes') return ''
  if (type === 'quantity') return '0'
  if (type === 'meta/v1.Time' || !messages.has(type)) return null
  return lists.has(type) ? [] : {}
}

function read(type: string, field: Reader, place: Place): unknown {
  const { tally } = place
  switch (type) {
    case 'string':
      return field.text()
    case 'bool':
      return field.integer() !== 0n
    case 'int32':
    case 'int64':
      return safe(BigInt.asIntN(64, field.integer()))
    case 'uint32':
    case 'uint64':
      return safe(field.integer())
    case 'double':
      return field.double()
    case 'bytes':
      return field.bytes().toString('base64')
    case 'quantity':
      return only(field.bytes(), tally)?.text() ?? '0'
    case 'raw':
      return rawJson(only(field.bytes(), tally)?.bytes(), tally)
    case 'intOrString':
      return intOrString(field.bytes(), tally)
    case 'meta/v1.Time':
      return time(field.bytes(), 0, tally)
    case 'meta/v1.MicroTime':
      return time(field.bytes(), 6, tally)
    case 'meta/v1.Duration':
      return duration(only(field.bytes(), tally)?.integer() ?? 0n)
    case 'meta/v1.FieldsV1':
      return rawJson(only(field.bytes(), tally)?.bytes(), tally)
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return schemaOr(type, field.bytes(), deeper(place))
    default:
      if (!messages.has(type)) throw new WireError(`no message ${type}`)
      return lists.has(type)
        ? (readMessage(type, field.bytes(), deeper(place))['items'] ?? [])
        : readMessage(type, field.bytes(), deeper(place))
  }
}

const schemaProps = 'apiextensions/v1.JSONSchemaProps'

/** A schema or an alternative, chosen as in Go's JSON of these types: a schema before a boolean, and a list before a schema. */
function schemaOr(type: 'schemaOrBool' | 'schemaOrArray' | 'schemaOrStrings', bytes: Buffer, place: Place): unknown {
  let schema: unknown
  let allows = false
  const list: unknown[] = []
  readerOf(bytes, place.tally).fields((number, field) => {
    if (number === (type === 'schemaOrBool' ? 2 : 1)) schema = read(schemaProps, field, place)
    else if (number === 1) allows = field.integer() !== 0n
    else if (number === 2) list.push(type === 'schemaOrArray' ? read(schemaProps, field, place) : field.text())
  })
  if (list.length > 0) return list
  return schema ?? (type === 'schemaOrBool' ? allows : null)
}

function safe(number: bigint): number {
  const small = Number(number)
  if (!Number.isSafeInteger(small)) throw new WireError(`the number ${number} is beyond ±2^53`)
  return small
}

/** The value of a message's only field; if repeated, the last one, as protobuf defines. */
function only(bytes: Buffer, tally: Tally): Reader | undefined {
  let found: Reader | undefined
  readerOf(bytes, tally, 1).fields((number, field) => {
    if (number === 1) found = field
  })
  return found
}

function rawJson(bytes: Buffer | undefined, tally: Tally): unknown {
  if (bytes === undefined || bytes.length === 0) return null
  const parsed = parseJsonBytes(bytes, tally.most)
  if (parsed.ok) {
    tally.add(parsed.text.scan.values)
    return parsed.value
  }
  throw new WireError(parsed.syntax ? 'a raw value is not JSON' : parsed.message)
}

function intOrString(bytes: Buffer, tally: Tally): number | string {
  let isString = false
  let number = 0
  let text = ''
  readerOf(bytes, tally, 3).fields((field, value) => {
    if (field === 1) isString = value.integer() === 1n
    else if (field === 2) number = safe(BigInt.asIntN(64, value.integer()))
    else if (field === 3) text = value.text()
  })
  return isString ? text : number
}

/** An empty message is the zero time, null in JSON. */
function time(bytes: Buffer, digits: 0 | 6, tally: Tally): string | null {
  let seconds: bigint | undefined
  let nanos = 0
  readerOf(bytes, tally, 2).fields((number, value) => {
    if (number === 1) seconds = BigInt.asIntN(64, value.integer())
    else if (number === 2) nanos = safe(BigInt.asIntN(64, value.integer()))
  })
  if (seconds === undefined || seconds === -62_135_596_800n) return null
  const date = new Date(safe(seconds) * 1000)
  if (Number.isNaN(date.getTime())) throw new WireError('a time is out of range')
  const whole = date.toISOString().slice(0, 19)
  return digits === 0 ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`
}

/** Go's text of a duration, in seconds with a fraction. */
function duration(nanos: bigint): string {
  return `${Number(BigInt.asIntN(64, nanos)) / 1e9}s`
}
