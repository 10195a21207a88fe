// The values of literals: numbers within their range, strings and bytes without quotes and escapes.

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
}

/** The text or bytes of a string token; undefined if an escape is not allowed there. */
export function unquote(token: string, isBytes: boolean): string | Uint8Array | undefined {
  let text = token.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  if (isBytes) text = text.slice(1)
  const raw = /^[rR]/.test(text)
  if (raw) text = text.slice(1)
  const quote = /^'''|^"""/.test(text) ? 3 : 1
  const body = text.slice(quote, -quote)
  if (raw || !body.includes('\\')) return isBytes ? new TextEncoder().encode(body) : body
  return isBytes ? unescapeBytes(body) : unescapeText(body)
}

function unescapeText(body: string): string | undefined {
  const parts: string[] = []
  for (const { text, code } of pieces(body)) {
    if (code === undefined) parts.push(text)
    else if (code > 0x10ffff) return undefined
    // Half of a surrogate pair is no character; Go writes the replacement character.
    else parts.push(code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code))
  }
  return parts.join('')
}

function unescapeBytes(body: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (const { text, code } of pieces(body)) {
    if (code === undefined) for (const byte of new TextEncoder().encode(text)) bytes.push(byte)
    else if (/^\\[uU]/.test(text)) return undefined
    else bytes.push(code)
  }
  return Uint8Array.from(bytes)
}

function* pieces(body: string): Generator<{ text: string; code: number | undefined }> {
  const pattern = /\\(?:([xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))|[^\\]+/gs
  for (const [text, hex, octal, letter] of body.matchAll(pattern)) {
    if (hex !== undefined) yield { text, code: Number.parseInt(hex.slice(1), 16) }
    else if (octal !== undefined) yield { text, code: Number.parseInt(octal, 8) }
    else yield { text, code: letter === undefined ? undefined : simple[letter] }
  }
}

/** An int: a number within the safe integers, a bigint beyond; undefined beyond 64 bits. */
export function parseIntLiteral(text: string, negative: boolean): number | bigint | undefined {
  const value = negative ? -BigInt(text) : BigInt(text)
  if (BigInt.asIntN(64, value) !== value) return undefined
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

export function parseUintLiteral(text: string): bigint | undefined {
  const value = BigInt(text.slice(0, -1))
  return BigInt.asUintN(64, value) === value ? value : undefined
}

export function parseDoubleLiteral(text: string): number | undefined {
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
