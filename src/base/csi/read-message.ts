// Reads a message of CSI from a decoded or JSON value: the edge at which a driver's answer, or a controller's request, becomes a typed object.
import { setOwn } from '../data/own-property.ts'
import { isJsonObject } from '../json.ts'
import { UserError } from '../user-error.ts'
import { type CsiEnumName, type CsiMessageName, csiEnums, csiMessages } from './csi-messages.ts'
import type { CsiMessage } from './csi-methods.ts'

/** The specification allows 128 bytes for most texts; ids of real drivers are longer. */
export const maxText = 8192
/** Of all keys and values of one map, in characters; the specification allows 4 KiB. */
export const maxMap = 65_536
/** Of one list: a page of volumes has no more entries. */
export const maxItems = 10_000

/** Throws a UserError that names the field. Fields that the table does not have are ignored, as protobuf does. */
export function readMessage<N extends CsiMessageName>(name: N, value: unknown): CsiMessage<N> {
  // The fields of the result are exactly those of the table from which CsiMessage is derived.
  return readFields(name, value, name) as CsiMessage<N>
}

function readFields(name: CsiMessageName, value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) throw wrong(at, 'an object', value)
  const message: Record<string, unknown> = {}
  for (const [field, text] of Object.entries(csiMessages[name])) {
    const [, kind = ''] = text.split(' ')
    const given = Object.hasOwn(value, field) ? (value[field] ?? undefined) : undefined
    message[field] = readField(kind, given, `${at}.${field}`)
  }
  return message
}

function readField(kind: string, value: unknown, at: string): unknown {
  if (kind.endsWith('[]')) return readList(kind.slice(0, -2), value, at)
  const single = kind.endsWith('?') ? kind.slice(0, -1) : kind
  switch (single) {
    case 'string':
      return readText(value ?? '', at)
    case 'bool':
      return readAs('boolean', value ?? false, at)
    case 'int32':
    case 'int64':
      return readNumber(value ?? 0, at)
    case 'map':
    case 'secrets':
      return readMap(value ?? {}, at)
    default:
      return value === undefined && !isEnum(single) ? undefined : readNamed(single, value, at)
  }
}

function readList(kind: string, value: unknown, at: string): readonly unknown[] {
  const items = value ?? []
  if (!Array.isArray(items)) throw wrong(at, 'a list', value)
  if (items.length > maxItems) throw new UserError(`${at} has ${items.length} items, at most ${maxItems} are accepted`)
  return items.map((item: unknown, index) =>
    kind === 'string' ? readText(item, `${at}[${index}]`) : readNamed(kind, item, `${at}[${index}]`),
  )
}

const isEnum = (name: string): name is CsiEnumName => Object.hasOwn(csiEnums, name)
const isMessage = (name: string): name is CsiMessageName => Object.hasOwn(csiMessages, name)

function readNamed(kind: string, value: unknown, at: string): unknown {
  if (isMessage(kind)) return readFields(kind, value, at)
  if (!isEnum(kind)) throw new Error(`Cannot read ${at}: the table has no type "${kind}"`)
  const names: readonly string[] = csiEnums[kind]
  const found = typeof value === 'number' ? names[value] : names.find(name => name === value)
  // `UNKNOWN` in all of them. A driver of a later version may have names that are not known here.
  return found ?? names[0]
}

function readAs(type: 'boolean', value: unknown, at: string): unknown {
  if (typeof value !== type) throw wrong(at, 'true or false', value)
  return value
}

function readText(value: unknown, at: string): string {
  if (typeof value !== 'string') throw wrong(at, 'a text', value)
  if (value.length > maxText) throw new UserError(`${at} has ${value.length} characters, at most ${maxText} are accepted`)
  return value
}

/** JSON may write 64-bit numbers as texts. */
function readNumber(value: unknown, at: string): number {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw wrong(at, 'a whole number below 2^53', value)
  return number
}

function readMap(value: unknown, at: string): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) throw wrong(at, 'an object of texts', value)
  const map: Record<string, string> = {}
  let characters = 0
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw wrong(at, 'an object of texts', text)
    characters += key.length + text.length
    if (characters > maxMap) throw new UserError(`${at} has more than ${maxMap} characters`)
    setOwn(map, key, text)
  }
  return map
}

/** Without the value, which may be a secret. */
const wrong = (at: string, wanted: string, value: unknown): UserError =>
  new UserError(`${at} must be ${wanted}, got ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value}`)
