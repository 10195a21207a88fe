// JSON of others, bounded before it is parsed.
import { isUtf8 } from 'node:buffer'
import { parseJson } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

/** Nesting of any document of a supply chain that is read; a CycloneDX document nests components, all others a few levels. */
export const maxJsonDepth = 100

/** `where` begins the message. Throws a UserError if the bytes are too many, nested too deeply or no JSON. */
export function parseBoundedJson(bytes: Uint8Array, maxBytes: number, where: string): unknown {
  if (bytes.length > maxBytes) throw new UserError(`${where} has ${bytes.length} bytes, at most ${maxBytes} are read`)
  if (!isUtf8(bytes)) throw new UserError(`${where} is not JSON: it is not UTF-8`)
  if (!isShallow(bytes)) throw new UserError(`${where} is nested deeper than ${maxJsonDepth} levels`)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  try {
    return parseJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (err) {
    throw new UserError(`${where} is not JSON: ${messageOf(err)}`, { cause: err })
  }
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

function isShallow(bytes: Uint8Array): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isText) {
      if (byte === backslash) at++
      else if (byte === quote) isText = false
    } else if (byte === quote) isText = true
    else if (byte === openList || byte === openObject) {
      if (++depth > maxJsonDepth) return false
    } else if (byte === closeList || byte === closeObject) depth--
  }
  return true
}
