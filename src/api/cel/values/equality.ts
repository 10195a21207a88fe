// Equality and order of values: numbers compare by value across their types, everything else within its type.
import { Refused } from './failure.ts'
import { KeyedList } from './keyed-list.ts'
import {
  type AnyMap,
  CelMap,
  type CelValue,
  Double,
  Duration,
  isList,
  isPlainObject,
  keysOf,
  lookUp,
  mapSize,
  ObjectValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from './values.ts'
import { addReading, addWork } from './work-counter.ts'

/** A number of any type in a form that JavaScript compares exactly, numbers with bigints; undefined if it is no number. */
export function numberOf(value: CelValue): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Double || value instanceof Uint) return value.value
  return undefined
}

export function equal(a: CelValue, b: CelValue): boolean {
  addWork(1)
  if (typeof a === 'string') return typeof b === 'string' && a.length === b.length && sameText(a, b)
  if (typeof a === 'boolean' || a === null) return a === b
  const left = numberOf(a)
  if (left !== undefined) {
    const right = numberOf(b)
    return right !== undefined && ordered(left, right) === 0
  }
  if (a instanceof KeyedList) return isList(b) && a.sameAs(b, equal)
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => equal(item, b[index] ?? null))
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0
  if (a instanceof ObjectValue) return a.equals(b)
  if (b instanceof ObjectValue) return b.equals(a)
  if (a instanceof CelMap || isPlainObject(a)) return (b instanceof CelMap || isPlainObject(b)) && equalMaps(a, b)
  return equalBoxed(a, b)
}

/** Longer texts that are not identical are compared character by character. */
const manyCharacters = 256

function sameText(a: string, b: string): boolean {
  if (a.length > manyCharacters) addWork(a.length >> 6)
  return a === b
}

function equalMaps(a: AnyMap, b: AnyMap): boolean {
  if (mapSize(a) !== mapSize(b)) return false
  return keysOf(a).every(key => {
    const [left, right] = [lookUp(a, key), lookUp(b, key)]
    return left !== undefined && right !== undefined && equal(left, right)
  })
}

function equalBoxed(a: CelValue, b: CelValue): boolean {
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false
    if (a.value === undefined || b.value === undefined) return a.value === b.value
    return equal(a.value, b.value)
  }
  return a instanceof Opaque && b instanceof Opaque && a.typeName === b.typeName && a.equals(b)
}

/** Negative, zero or positive; undefined if one is NaN. Fails for unordered values. */
export function compare(a: CelValue, b: CelValue): number | undefined {
  const left = numberOf(a)
  const right = numberOf(b)
  if (left !== undefined && right !== undefined) return ordered(left, right)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  if (a instanceof Timestamp && b instanceof Timestamp) return ordered(a.nanos, b.nanos)
  if (a instanceof Duration && b instanceof Duration) return ordered(a.nanos, b.nanos)
  throw new Refused()
}

function ordered(a: number | bigint, b: number | bigint): number | undefined {
  // An int or uint and a double are compared as doubles. Safe integers compare exactly without conversion.
  if (typeof a !== typeof b) {
    if (typeof a === 'number' && !Number.isSafeInteger(a)) return ordered(a, Number(b))
    if (typeof b === 'number' && !Number.isSafeInteger(b)) return ordered(Number(a), b)
  }
  if (a < b) return -1
  if (a > b) return 1
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint are equal by value; NaN equals nothing.
  return a == b ? 0 : undefined
}

/** By code points, which is the order of UTF-8 bytes: surrogates sort after all other units. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  addReading(length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const [high, otherHigh] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff]
    return high === otherHigh ? x - y : high ? 1 : -1
  }
  return a.length - b.length
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  addReading(length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
