// Locates parts of canonical JSON (as `JSON.stringify` writes it, without white space) in its bytes, without parsing.

export interface MemberPlace {
  /** The first quote of the name. */
  readonly name: number
  readonly value: number
  /** The position after the value. */
  readonly end: number
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

/** The first member with this name, which needs no escapes, of the object that begins at `at`; undefined if there is none, or no canonical object. */
export function findMember(json: Buffer, at: number, name: string): MemberPlace | undefined {
  if (json[at] !== openBrace) return undefined
  for (let start = at + 1; json[start] === quote; ) {
    const colon = stringEnd(json, start)
    const end = valueEnd(json, colon + 1)
    if (colon - start === name.length + 2 && json.toString('latin1', start + 1, colon - 1) === name)
      return { name: start, value: colon + 1, end }
    start = end + 1
  }
  return undefined
}

/** The position after the closing quote of the string that begins at `at`. */
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
