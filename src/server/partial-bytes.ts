// Metadata without the rest, cut out of an object's bytes: metadata informers follow every object there is, and most are parsed for nobody else.
import type { MetaVersion } from './negotiate.ts'

/** What stands around the bytes of the metadata. */
export interface PartialFrame {
  readonly prefix: Buffer
  readonly suffix: Buffer
}

export function partialFrame(apiVersion: MetaVersion): PartialFrame {
  return { prefix: Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":`), suffix: Buffer.from('}') }
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]
const name = 'metadata'

/** The value of `metadata` as it stands in the canonical bytes (`JSON.stringify`) of an object: a view, not a copy. */
export function metadataBytes(object: Buffer): Buffer {
  for (let at = 1; object[at] === quote; ) {
    const colon = stringEnd(object, at)
    const end = valueEnd(object, colon + 1)
    if (colon - at === name.length + 2 && object.toString('latin1', at + 1, colon - 1) === name) return object.subarray(colon + 1, end)
    at = end + 1
  }
  throw new TypeError('The object has no metadata')
}

/** Behind the closing quote of the string that begins at `at`. */
function stringEnd(json: Buffer, at: number): number {
  for (let i = at + 1; i < json.length; i++) {
    const byte = json[i]
    if (byte === quote) return i + 1
    if (byte === backslash) i++
  }
  return json.length
}

function valueEnd(json: Buffer, at: number): number {
  const first = json[at]
  if (first === quote) return stringEnd(json, at)
  if (first !== openBrace && first !== openBracket) {
    let i = at
    while (i < json.length && json[i] !== comma && json[i] !== closeBrace) i++
    return i
  }
  let depth = 0
  for (let i = at; i < json.length; i++) {
    const byte = json[i]
    if (byte === quote) i = stringEnd(json, i) - 1
    else if (byte === openBrace || byte === openBracket) depth++
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return i + 1
  }
  return json.length
}
