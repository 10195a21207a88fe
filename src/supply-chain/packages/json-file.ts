// JSON files of package managers.
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { parseBoundedJson } from '../oci/bounded-json.ts'

/** The largest lock files of real projects have 10 MiB. */
export const maxJsonFileBytes = 64 * 1024 * 1024

/** Throws a UserError if it is no JSON object. */
export function jsonFile(content: Buffer): Readonly<Record<string, unknown>> {
  const value = parseBoundedJson(content, maxJsonFileBytes, 'It')
  if (!isJsonObject(value)) throw new UserError('It is not a JSON object')
  return value
}

/** The text of a member; '' if it is none. */
export function textOf(value: unknown, name: string): string {
  const text = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return typeof text === 'string' ? text : ''
}

/** The members of a member that is an object. */
export function membersOf(value: unknown, name: string): (readonly [string, unknown])[] {
  const member = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return isJsonObject(member) ? Object.entries(member) : []
}

/** The items of a member that is a list. */
export function itemsOf(value: unknown, name: string): readonly unknown[] {
  const member = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return Array.isArray(member) ? member : []
}
