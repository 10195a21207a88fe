// CEL values in JavaScript. Decoded JSON is used without copying: strings, booleans, null, arrays and plain objects are themselves; an int
// is an integral number (a bigint beyond the safe integers), a double is a fractional number, or boxed.
import { fail } from './failure.ts'
import { addReading, addWork } from './work-counter.ts'

export type CelValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CelValue[]
  | Boxed
  | { readonly [key: string]: CelValue }

/** Base class of all values that are neither JavaScript scalars nor decoded JSON. */
export abstract class Boxed {
  /** The type's name, as `type()` returns it. */
  abstract readonly typeName: string

  /** The size that determines the cost of comparing it. */
  get size(): number {
    return 1
  }
}

export class Uint extends Boxed {
  readonly typeName = 'uint'
  readonly value: bigint

  constructor(value: bigint) {
    super()
    this.value = value
  }
}

export class Double extends Boxed {
  readonly typeName = 'double'
  readonly value: number

  constructor(value: number) {
    super()
    this.value = value
  }
}

/** Nanoseconds since the Unix epoch. */
export class Timestamp extends Boxed {
  readonly typeName = 'google.protobuf.Timestamp'
  readonly nanos: bigint
  /** Minutes that its zone is ahead of UTC; only affects how it is printed. */
  readonly offset: number

  constructor(nanos: bigint, offset = 0) {
    super()
    this.nanos = nanos
    this.offset = offset
  }
}

export class Duration extends Boxed {
  readonly typeName = 'google.protobuf.Duration'
  readonly nanos: bigint

  constructor(nanos: bigint) {
    super()
    this.nanos = nanos
  }
}

export class TypeValue extends Boxed {
  readonly typeName = 'type'
  readonly name: string

  constructor(name: string) {
    super()
    this.name = name
  }
}

export class Optional extends Boxed {
  static readonly none = new Optional(undefined)
  readonly typeName = 'optional_type'
  readonly value: CelValue | undefined

  constructor(value: CelValue | undefined) {
    super()
    this.value = value
  }
}

/** An opaque value of a library, such as an IP address. */
export abstract class Opaque extends Boxed {
  abstract equals(other: Opaque): boolean
}

/** An object whose fields are computed by code: typed views of custom resources, lazily computed values. */
export abstract class ObjectValue extends Boxed {
  /** The value of a field; undefined if it is not set. */
  abstract get(name: string): CelValue | undefined
  abstract equals(other: CelValue): boolean

  /** The result of `has()`: a field may have a value without being set. */
  isSet(name: string): boolean {
    return this.get(name) !== undefined
  }
}

/** An object that acts as a map if its type is unknown: its fields can be counted and iterated. */
export abstract class MapObject extends ObjectValue {
  /** Names of its fields that have a value, as expressions write them. */
  abstract keys(): readonly string[]
}

/** The form in which map keys are compared: equal numbers of all types are one key, and a symbol is a key that equals no other. */
export type MapKey = string | boolean | number | bigint | null | symbol

/** A map made by an expression. Decoded JSON objects are maps too, with string keys. */
export class CelMap extends Boxed {
  readonly typeName = 'map'

  override get size(): number {
    return this.entries.size
  }

  readonly entries: ReadonlyMap<MapKey, readonly [key: CelValue, value: CelValue]>

  constructor(entries: ReadonlyMap<MapKey, readonly [CelValue, CelValue]>) {
    super()
    this.entries = entries
  }
}

export type Kind =
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'list'
  | 'map'
  | 'timestamp'
  | 'duration'
  | 'type'
  | 'opaque'
  | 'object'

export function kindOf(value: CelValue): Kind {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isSafeInteger(value) ? 'int' : 'double'
    case 'bigint':
      return 'int'
    default:
      return kindOfObject(value)
  }
}

function kindOfObject(value: Exclude<CelValue, string | boolean | number | bigint>): Kind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Uint8Array) return 'bytes'
  if (!(value instanceof Boxed)) return 'map'
  if (value instanceof CelMap) return 'map'
  if (value instanceof Double) return 'double'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Timestamp) return 'timestamp'
  if (value instanceof Duration) return 'duration'
  if (value instanceof TypeValue) return 'type'
  return value instanceof ObjectValue ? 'object' : 'opaque'
}

/** The result of `type(value)`. */
export function typeNameOf(value: CelValue): string {
  if (value instanceof Boxed) return value.typeName
  const kind = kindOf(value)
  return kind === 'null' ? 'null_type' : kind
}

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value)
}

/** Whether the value is a decoded JSON object. */
export function isPlainObject(value: CelValue): value is { readonly [key: string]: CelValue } {
  return typeof value === 'object' && value !== null && !(value instanceof Boxed) && !Array.isArray(value) && !(value instanceof Uint8Array)
}

export type AnyMap = CelMap | MapObject | { readonly [key: string]: CelValue }

export function isMap(value: CelValue): value is AnyMap {
  return value instanceof CelMap || value instanceof MapObject || isPlainObject(value)
}

/** An int in canonical form: a number if it is safe, otherwise a bigint; overflow fails. */
export function toInt(value: bigint): number | bigint {
  const small = Number(value)
  if (Number.isSafeInteger(small)) return small
  return BigInt.asIntN(64, value) === value ? value : fail('integer overflow')
}

export function toUint(value: bigint): Uint {
  return BigInt.asUintN(64, value) === value ? new Uint(value) : fail('unsigned integer overflow')
}

/** The number of a double. */
export const doubleOf = (value: number | Double): number => (typeof value === 'number' ? value : value.value)

/** The value as a key; undefined if it cannot be one. */
export function mapKey(value: CelValue): MapKey | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Object.is(value, -0) ? 0 : value
    case 'bigint':
      return value
    default:
      return keyOfObject(value)
  }
}

/** Upstream compares composite keys by identity, so they are never found again. */
function keyOfObject(value: Exclude<CelValue, string | boolean | number | bigint>): MapKey | undefined {
  if (value === null) return null
  if (value instanceof Uint) return smallest(value.value)
  if (value instanceof Double) return Number.isNaN(value.value) ? Symbol('NaN') : numericKey(value.value)
  return isList(value) || isMap(value) ? Symbol('container') : undefined
}

const smallest = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
const numericKey = (value: number): number | bigint => (Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value)

/** The value of a map's key; undefined if it does not exist. */
export function lookUp(map: AnyMap, key: CelValue): CelValue | undefined {
  if (map instanceof CelMap) {
    const found = mapKey(key)
    return found === undefined ? undefined : map.entries.get(found)?.[1]
  }
  if (typeof key !== 'string') return undefined
  if (map instanceof MapObject) return map.get(key)
  return Object.hasOwn(map, key) ? map[key] : undefined
}

export function mapSize(map: AnyMap): number {
  return map instanceof Boxed ? map.size : countEntries(map)
}

export function keysOf(map: AnyMap): readonly CelValue[] {
  addWork(1 + 2 * mapSize(map))
  if (map instanceof MapObject) return map.keys()
  return map instanceof CelMap ? [...map.entries.values()].map(([key]) => key) : Object.keys(map)
}

/** Keys with their values, including keys that cannot be found. */
export function* entriesOf(map: AnyMap): Generator<readonly [key: CelValue, value: CelValue]> {
  if (map instanceof CelMap) yield* map.entries.values()
  else for (const key of keysOf(map)) yield [key, lookUp(map, key) ?? null]
}

/** Sizes from this on are cached: an expression that asks again is charged only 1 each time. */
const worthRemembering = 64
/** Minimum length for caching: shorter texts are counted as fast as a cache lookup. */
const longText = 1024
const maxRemembered = 64
const textSizes = new Map<string, number>()
const objectSizes = new WeakMap<object, number>()

/** Length in code points. */
export function codePoints(text: string): number {
  if (text.length < worthRemembering) return countCodePoints(text)
  if (text.length < longText) return walkedCodePoints(text)
  const known = textSizes.get(text)
  if (known !== undefined) return known
  const size = walkedCodePoints(text)
  if (textSizes.size >= maxRemembered) textSizes.clear()
  textSizes.set(text, size)
  return size
}

function walkedCodePoints(text: string): number {
  addWork(text.length >> 6)
  if (!highSurrogate.test(text)) return text.length
  addReading(text.length)
  return countCodePoints(text)
}

/** Most texts have one byte per unit and thus no surrogates; the engine knows that without a scan. */
const highSurrogate = /[\ud800-\udbff]/

function countCodePoints(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i)
    // A high surrogate with the next unit is one code point.
    if (unit >= 0xd800 && unit <= 0xdbff) {
      length--
      i++
    }
  }
  return length
}

/** Entries of a decoded JSON object, which does not change while an expression sees it. */
function countEntries(object: { readonly [key: string]: CelValue }): number {
  const known = objectSizes.get(object)
  if (known !== undefined) return known
  const size = Object.keys(object).length
  addWork(size >> 1)
  if (size >= worthRemembering) objectSizes.set(object, size)
  return size
}

/** The result of `size()` for costs: 1 for values without a size. */
export function sizeOf(value: CelValue): number {
  if (typeof value === 'string') return codePoints(value)
  if (typeof value !== 'object' || value === null) return 1
  if (isList(value) || value instanceof Uint8Array) return value.length
  return value instanceof Boxed ? value.size : countEntries(value)
}
