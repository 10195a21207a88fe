// JSON of others, bounded before it is parsed.
import { isUtf8 } from 'node:buffer'
import { scanJson } from '../../api/schema/json-text.ts'
import { parseJson } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

/** Nesting of any document of a supply chain that is read; a CycloneDX document nests components, all others a few levels. */
export const maxJsonDepth = 100

export interface JsonLimits {
  readonly bytes: number
  /** Members and items. */
  readonly values?: number
}

/** `where` begins the message. Throws a UserError if the bytes are too many, nested too deeply or no JSON. */
export function parseBoundedJson(bytes: Uint8Array, limits: number | JsonLimits, where: string): unknown {
  const { bytes: maxBytes, values: maxValues = Number.POSITIVE_INFINITY } = typeof limits === 'number' ? { bytes: limits } : limits
  if (bytes.length > maxBytes) throw new UserError(`${where} has ${bytes.length} bytes, at most ${maxBytes} are read`)
  if (!isUtf8(bytes)) throw new UserError(`${where} is not JSON: it is not UTF-8`)
  const { depth, values } = scanJson(bytes)
  if (depth > maxJsonDepth) throw new UserError(`${where} is nested deeper than ${maxJsonDepth} levels`)
  if (values > maxValues) throw new UserError(`${where} has more than ${maxValues} values`)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  try {
    return parseJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (err) {
    throw new UserError(`${where} is not JSON: ${messageOf(err)}`, { cause: err })
  }
}
