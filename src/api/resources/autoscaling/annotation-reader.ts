// Reads JSON of known structures from an autoscaler's annotations, which clients may write. As in Go, unknown members are dropped, absent
// ones have their zero value, and one of another type invalidates the whole.
import { parseJson } from '../../../base/json.ts'
import { canonicalQuantity, QuantityError } from '../../quantity/quantity.ts'

/** Converts a JSON value, undefined if it is absent. Throws `Mismatch`. */
export type Reader<T> = (value: unknown) => T

class Mismatch extends Error {}

/** Undefined if the text is not JSON or has another structure: upstream treats it as missing, since only its writer can fix it. */
export function readJson<T>(json: string | undefined, reader: Reader<T>): T | undefined {
  if (json === undefined) return undefined
  try {
    return reader(parseJson(json))
  } catch (err) {
    if (err instanceof SyntaxError || err instanceof Mismatch || err instanceof QuantityError) return undefined
    throw err
  }
}

export const text: Reader<string> = value => {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new Mismatch('not a string')
  return value
}

export const integer: Reader<number> = value => {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > 2 ** 31) throw new Mismatch('not an integer')
  return value
}

export const quantity: Reader<string> = value => {
  if (value === undefined || value === null) return '0'
  const written = typeof value === 'number' ? String(value) : value
  if (typeof written !== 'string') throw new Mismatch('not a quantity')
  return canonicalQuantity(written)
}

export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return value => (value === undefined || value === null ? undefined : reader(value))
}

export function list<T>(reader: Reader<T>): Reader<T[]> {
  return value => {
    if (!Array.isArray(value)) throw new Mismatch('not a list')
    return value.map(reader)
  }
}

export function map<T>(reader: Reader<T>): Reader<Record<string, T>> {
  return value => Object.fromEntries(Object.entries(members(value)).map(([key, member]) => [key, reader(member)]))
}

/** An object with these members; absent optional ones are omitted. */
export function structure<T extends object>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  const entries = Object.entries<Reader<unknown>>(readers)
  return value => {
    const found = members(value)
    const read = entries.map(([name, reader]) => [name, reader(Object.hasOwn(found, name) ? found[name] : undefined)] as const)
    return Object.fromEntries(read.filter(([, member]) => member !== undefined)) as T
  }
}

/** Names are matched in any case, as in Go. */
export function anyCase<T>(reader: Reader<T>): Reader<T> {
  return value =>
    reader(
      Object.fromEntries(Object.entries(members(value)).map(([key, member]) => [key.slice(0, 1).toLowerCase() + key.slice(1), member])),
    )
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Mismatch('not an object')
  return Object.fromEntries(Object.entries(value))
}
