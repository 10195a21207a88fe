// Reads fields of others' JSON. Each function throws a UserError that names the record and the field, and what is accepted.
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Characters of one field. Descriptions of advisories have a few thousand. */
export const maxTextLength = 1 << 20
/** Items of one list, or members of one object. The longest lists are of versions. */
export const maxListLength = 200_000

const refused = (where: string, want: string, value: unknown): UserError =>
  new UserError(`${where} must be ${want}, got ${described(value)}`)

function described(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return value.length > 60 ? `${writeJson(value.slice(0, 60))}…` : writeJson(value)
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : String(value)
}

/** Not empty. */
export function textAt(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '' || value.length > maxTextLength)
    throw refused(where, `a text of 1 to ${maxTextLength} characters`, value)
  return value
}

/** undefined and null are absent, as OSV writes them. */
export const optionalTextAt = (value: unknown, where: string): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : textAt(value, where)

export function objectAt(value: unknown, where: string): JsonObject {
  if (!isJsonObject(value)) throw refused(where, 'an object', value)
  return value
}

export const optionalObjectAt = (value: unknown, where: string): JsonObject =>
  value === undefined || value === null ? {} : objectAt(value, where)

/** Absent lists are empty. */
export function listAt(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > maxListLength) throw refused(where, `a list of at most ${maxListLength} items`, value)
  return value
}

export const textsAt = (value: unknown, where: string): readonly string[] =>
  listAt(value, where).map((item, index) => textAt(item, `${where}[${index}]`))

/** The members of an object as a list. */
export function membersAt(value: unknown, where: string): readonly (readonly [string, unknown])[] {
  const members = Object.entries(objectAt(value, where))
  if (members.length > maxListLength) throw refused(where, `an object of at most ${maxListLength} members`, value)
  return members
}

export function numberAt(value: unknown, where: string, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw refused(where, `a number from ${min} to ${max}`, value)
  return value
}

/** RFC 3339, or a date; in milliseconds since 1970. */
export function timeAt(value: unknown, where: string): number {
  const time =
    typeof value === 'string' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|$)/.test(value) && value.length <= 40 ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time)) throw refused(where, 'a time as 2026-01-31T00:00:00Z', value)
  return time
}
