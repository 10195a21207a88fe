// JSON objects of signatures, bundles and trust roots: untrusted, and limited in depth and values before they are parsed.
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { parseBoundedJson } from '../oci/bounded-json.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Members and items; a bill of materials with 30,000 packages has about as many. */
export const maxJsonValues = 1_000_000

/** The caller limits the bytes. Throws a UserError that begins with `what` if they are not a JSON object in UTF-8 within the limits. */
export function readJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseBoundedJson(bytes, { bytes: Number.POSITIVE_INFINITY, values: maxJsonValues }, what)
  if (!isJsonObject(value)) throw new UserError(`${what} is not a JSON object`)
  return value
}

/** The own member, if it is a text. */
export function textMember(object: JsonObject, name: string): string | undefined {
  const value = getOwn(object, name)
  return typeof value === 'string' ? value : undefined
}

/** The own member, if it is an object. */
export function objectMember(object: JsonObject, name: string): JsonObject | undefined {
  const value = getOwn(object, name)
  return isJsonObject(value) ? value : undefined
}
