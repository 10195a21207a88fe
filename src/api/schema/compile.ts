// Compiles a schema to functions that convert a parsed JSON value to the object that Go would hold and print: fields in Go's order, zero
// values dropped or kept by omitempty, quantities and times canonical. Anything unexpected throws `Unexpected`; decode-exact.ts then finds
// the error.
import { noteMembers } from '../../base/data/large-record.ts'
import { setOwn } from '../../base/data/own-property.ts'
import { parseMicroTime, parseTime } from '../go-text/go-time.ts'
import { canonicalQuantity, QuantityError } from '../quantity/quantity.ts'
import { type SchemaField, type SchemaType, type StructType, structByKey } from './model.ts'

export class Unexpected extends Error {}

/** Counters of one run, to notice unknown or duplicate members. */
export interface Tally {
  /** Members of all visited objects. */
  members: number
  unknown: boolean
  /** Whether the result may contain parts of the value, which then belongs to it. */
  readonly owned?: boolean
}

/** Reads a value that is neither null nor absent. */
type Reader = (value: unknown, tally: Tally) => unknown

/** A field of a struct, with everything that reading it needs. */
interface Slot {
  readonly name: string
  readonly read: Reader
  /** Whether a value that was read is dropped. */
  readonly drops: (value: unknown) => boolean
  /** The object's value if the field is absent or null; undefined for none. */
  readonly absent: (() => unknown) | undefined
}

const readers = new WeakMap<SchemaType, Reader>()

/** The reader of a struct, compiled once. Throws `Unexpected`. */
export function readerOf(type: SchemaType): Reader {
  const known = readers.get(type)
  if (known !== undefined) return known
  let reader: Reader | undefined
  // Types may contain themselves: until this one is ready, its fields look it up at first use.
  readers.set(type, (value, tally) => (reader ?? readerOf(type))(value, tally))
  reader = compile(type)
  readers.set(type, reader)
  return reader
}

/** The object that `{}` decodes to. */
export function zeroOf(type: StructType): Record<string, unknown> {
  return asRecord(readerOf(type)({}, { members: 0, unknown: false }))
}

function compile(type: SchemaType): Reader {
  switch (type.kind) {
    case 'struct':
      return structReader(type)
    case 'list':
      return listReader(type.item)
    case 'map':
      return mapReader(type.item)
    case 'string':
      return value => (typeof value === 'string' ? value : unexpected())
    case 'bool':
      return value => (typeof value === 'boolean' ? value : unexpected())
    case 'int32':
      return value => (typeof value === 'number' && (value | 0) === value ? value : unexpected())
    case 'uint32':
      return value => (typeof value === 'number' && value >>> 0 === value ? value : unexpected())
    case 'int64':
      return value => (typeof value === 'number' && Number.isSafeInteger(value) ? value : unexpected())
    case 'float64':
      return value => (typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : unexpected())
    case 'bytes':
      return readBytes
    case 'time':
      return value => (typeof value === 'string' ? timeText(parseTime(value)) : unexpected())
    case 'microtime':
      return value => (typeof value === 'string' ? timeText(parseMicroTime(value)) : unexpected())
    case 'quantity':
      return readQuantity
    case 'intOrString':
      return value => (typeof value === 'string' || (typeof value === 'number' && (value | 0) === value) ? value : unexpected())
    case 'raw':
      return (value, tally) => {
        tally.members += countMembers(value)
        return value
      }
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return nestedSchemaReader(type.kind)
  }
}

/** In place and without a second array, as the engine's sort makes: the input is nearly always short and nearly sorted. */
export function sortFew<T>(list: T[], compare: (a: T, b: T) => number): T[] {
  if (list.length > maxFew) return list.sort(compare)
  for (const [i, member] of list.entries()) {
    let at = i
    for (let before = list[at - 1]; before !== undefined && compare(before, member) > 0; before = list[at - 1]) list[at--] = before
    list[at] = member
  }
  return list
}

const byNumber = (a: number, b: number): number => a - b

const maxFew = 32

function structReader(type: StructType): Reader {
  const slots = type.fields.map(field => slotOf(field, `${type.name}.${field.name}`))
  const indexOf = new Map(slots.map(({ name }, index) => [name, index]))
  const always = slots.flatMap(({ absent }, index) => (absent === undefined ? [] : [index]))
  return (value, tally) => {
    if (!isRecord(value)) return unexpected()
    // Few of a struct's fields are given: sort those instead of looking up all.
    const given: number[] = []
    let sorted = true
    let last = -1
    for (const name in value) {
      tally.members++
      const index = indexOf.get(name)
      if (index === undefined) {
        tally.unknown = true
        tally.members += countMembers(value[name])
        continue
      }
      if (index < last) sorted = false
      last = index
      given.push(index)
    }
    if (!sorted) sortFew(given, byNumber)
    const result: Record<string, unknown> = {}
    let next = 0
    for (const index of given) {
      for (let zero = always[next]; zero !== undefined && zero < index; zero = always[++next]) addAbsent(result, slots[zero])
      if (always[next] === index) next++
      const slot = slots[index]
      if (slot === undefined) continue
      const member = value[slot.name]
      if (member === null || member === undefined) {
        addAbsent(result, slot)
        continue
      }
      const read = slot.read(member, tally)
      if (!slot.drops(read)) result[slot.name] = read
    }
    for (let zero = always[next]; zero !== undefined; zero = always[++next]) addAbsent(result, slots[zero])
    return result
  }
}

function addAbsent(result: Record<string, unknown>, slot: Slot | undefined): void {
  if (slot?.absent !== undefined) result[slot.name] = slot.absent()
}

/** Where upstream's rules distinguish a sent empty list or map from none; elsewhere it is dropped at once, as by storage. */
const emptyCounts: ReadonlySet<string> = new Set([
  'ConfigMap.binaryData',
  'ConfigMap.data',
  'EphemeralContainer.ports',
  'EphemeralContainer.resizePolicy',
  'HPAScalingRules.policies',
  'Secret.data',
  'StorageClass.parameters',
])

function slotOf(field: SchemaField, path: string): Slot {
  const read = readerOf(field.type)
  // Upstream's storage does not distinguish an empty list from none.
  const settled: Reader = (value, tally) => {
    const list = read(value, tally)
    return Array.isArray(list) && list.length === 0 ? null : list
  }
  const asNull = field.type.kind === 'list' && field.nullable && !field.omitempty
  return { name: field.name, read: asNull ? settled : read, drops: emptyCounts.has(path) ? never : dropsOf(field), absent: absentOf(field) }
}

const never = (): boolean => false

function dropsOf(field: SchemaField): (value: unknown) => boolean {
  // Upstream prints the zero creation time as null; it is omitted here.
  if (field.name === 'creationTimestamp') return value => value === null
  // An empty list has a meaning there: the client resets all managers.
  if (field.name === 'managedFields') return never
  if (field.pointer || !field.omitempty) return never
  switch (field.type.kind) {
    case 'string':
    case 'bytes':
      return value => value === ''
    case 'bool':
      return value => value === false
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'float64':
      return value => value === 0
    case 'list':
      return value => Array.isArray(value) && value.length === 0
    case 'map':
      return isEmptyRecord
    default:
      return never
  }
}

/** Go prints empty structs that are no pointers, and everything without omitempty. */
function absentOf(field: SchemaField): (() => unknown) | undefined {
  if (field.name === 'creationTimestamp') return undefined
  if (field.pointer) return field.omitempty ? undefined : () => null
  switch (field.type.kind) {
    case 'struct':
      return () => readerOf(field.type)({}, { members: 0, unknown: false })
    case 'time':
    case 'microtime':
      return () => null
    case 'raw':
      // An interface{} is omitted, a RawExtension is not.
      return field.type.key === 'interface{}' && field.omitempty ? undefined : () => null
    case 'quantity':
      return () => '0'
    case 'intOrString':
      return () => 0
    default:
      return field.omitempty ? undefined : zeroScalar(field)
  }
}

function zeroScalar(field: SchemaField): () => unknown {
  switch (field.type.kind) {
    case 'bool':
      return () => false
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'float64':
      return () => 0
    case 'list':
      return field.nullable ? () => null : () => []
    case 'map':
      return field.nullable ? () => null : () => ({})
    default:
      return () => ''
  }
}

function listReader(item: SchemaType): Reader {
  const read = readerOf(item)
  return (value, tally) => {
    if (!Array.isArray(value)) return unexpected()
    return value.map((member: unknown) => (member === null ? zeroItem(item) : read(member, tally)))
  }
}

function mapReader(item: SchemaType): Reader {
  const read = readerOf(item)
  return (value, tally) => {
    if (!isRecord(value)) return unexpected()
    if (tally.owned === true && item.kind === 'string') {
      const members = sortedTexts(value)
      if (members >= 0) {
        tally.members += members
        noteMembers(value, members)
        return value
      }
    }
    const result: Record<string, unknown> = {}
    const keys = Object.keys(value)
    noteMembers(result, keys.length)
    for (const key of sortFew(keys, byBytes)) {
      tally.members++
      const member = value[key]
      setOwn(result, key, member === null ? zeroItem(item) : read(member, tally))
    }
    return result
  }
}

/**
 * The number of members if all are texts in the order of their keys, -1 otherwise. Such a map is taken as it is: V8 makes a hidden class for each new key
 * of an object, so that a copy of thousands of maps with distinct keys costs many times as much as one of maps with the same keys.
 */
function sortedTexts(value: Readonly<Record<string, unknown>>): number {
  let members = 0
  let last = ''
  for (const key in value) {
    if (typeof value[key] !== 'string' || (members > 0 && key < last)) return -1
    last = key
    members++
  }
  return members
}

/** A null in a list or a map is the zero value of its type. */
function zeroItem(item: SchemaType): unknown {
  switch (item.kind) {
    case 'struct':
      return zeroOf(item)
    case 'bool':
      return false
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'float64':
    case 'intOrString':
      return 0
    case 'quantity':
      return '0'
    case 'string':
    case 'bytes':
      return ''
    default:
      return null
  }
}

function readBytes(value: unknown): unknown {
  if (Array.isArray(value)) {
    const bytes = value.map((item: unknown) =>
      item === null ? 0 : typeof item === 'number' && (item & 255) === item ? item : unexpected(),
    )
    return Buffer.from(bytes).toString('base64')
  }
  if (typeof value !== 'string') return unexpected()
  if (
    value.length % 4 === 0 &&
    !/[^A-Za-z0-9+/]/.test(value.endsWith('==') ? value.slice(0, -2) : value.endsWith('=') ? value.slice(0, -1) : value)
  )
    return value
  if (!/[\r\n]/.test(value)) return unexpected()
  const joined = value.replace(/[\r\n]/g, '')
  return readBytes(joined)
}

function readQuantity(value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return unexpected()
  try {
    return canonicalQuantity(String(value).trim())
  } catch (err) {
    if (err instanceof QuantityError) return unexpected()
    throw err
  }
}

function timeText(parsed: ReturnType<typeof parseTime>): unknown {
  return parsed.ok ? parsed.text : unexpected()
}

function nestedSchemaReader(kind: 'schemaOrBool' | 'schemaOrArray' | 'schemaOrStrings'): Reader {
  const schema = structByKey('apiextensions/v1.JSONSchemaProps')
  if (schema === undefined) throw new Error('Generated schema lacks JSONSchemaProps')
  const read: Reader = (value, tally) => {
    tally.members += countMembers(value)
    // Unknown fields inside are dropped silently: upstream decodes these values separately, without strictness.
    return readerOf(schema)(value, { members: 0, unknown: false })
  }
  return (value, tally) => {
    if (isRecord(value)) return read(value, tally)
    if (kind === 'schemaOrBool') return typeof value === 'boolean' ? value : unexpected()
    if (!Array.isArray(value)) return kind === 'schemaOrArray' ? unexpected() : []
    if (kind === 'schemaOrArray') return value.map(item => read(item, tally))
    return value.map(item => (typeof item === 'string' ? item : unexpected()))
  }
}

/** The number of members of all objects in a value. */
export function countMembers(value: unknown): number {
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += countMembers(item)
  else if (isRecord(value)) for (const key of Object.keys(value)) count += 1 + countMembers(value[key])
  return count
}

/** Go sorts map keys by their UTF-8 bytes; for strings without surrogates that is the order of code units. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : unexpected()
}

function isEmptyRecord(value: unknown): boolean {
  if (!isRecord(value)) return false
  for (const _ in value) return false
  return true
}

const signal = new Unexpected('unexpected value')

function unexpected(): never {
  throw signal
}
