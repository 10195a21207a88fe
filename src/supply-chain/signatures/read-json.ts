// JSON of signatures, bundles and trust roots: untrusted, and limited in depth and values before it is parsed.
import { scanJson } from '../../api/schema/json-text.ts'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Deeper than bills of materials, and safe for each recursive reader. */
export const maxJsonDepth = 100
/** Members and items; a bill of materials with 30,000 packages has about as many. */
export const maxJsonValues = 1_000_000

/** Throws a UserError that begins with `what` if the bytes are not a JSON object in UTF-8 within the limits. */
export function readJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const { depth, values } = scanJson(bytes)
  if (depth > maxJsonDepth) throw new UserError(`${what} is nested deeper than ${maxJsonDepth} levels`)
  if (values > maxJsonValues) throw new UserError(`${what} has more than ${maxJsonValues} values`)
  let value: unknown
  try {
    value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (err) {
    throw new UserError(`${what} is not JSON in UTF-8: ${messageOf(err)}`, { cause: err })
  }
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
