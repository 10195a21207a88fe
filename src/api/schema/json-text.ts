// Parses JSON text with everything that parseJson drops: member order, duplicate members, number texts, positions. Only for error messages:
// decoding uses parseJson.
import { writeJson } from '../../base/write-json.ts'

export type JsonNode =
  | { readonly type: 'object'; readonly members: readonly (readonly [string, JsonNode])[] }
  | { readonly type: 'array'; readonly items: readonly JsonNode[] }
  | { readonly type: 'string'; readonly value: string; readonly raw: string }
  | { readonly type: 'number'; readonly raw: string }
  | { readonly type: 'bool'; readonly value: boolean; readonly raw: string }
  | { readonly type: 'null'; readonly raw: string }

/** The message is that of Go's encoding/json. */
export class JsonSyntaxError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'JsonSyntaxError'
  }
}

const literals = ['true', 'false', 'null'] as const
const escapes: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** Go tries a space at the end of the text, and reports it if none may follow. */
const endsWithin = /^in (?:literal|numeric literal|exponent|string escape|\\u)|^after decimal point/

/** Throws `JsonSyntaxError`. The caller limits the nesting (see `scanJson`). */
export function parseJsonText(text: string): JsonNode {
  let at = 0

  const fail = (context: string): never => {
    const char = text.codePointAt(at)
    if (char === undefined)
      throw new JsonSyntaxError(endsWithin.test(context) ? `invalid character ' ' ${context}` : 'unexpected end of JSON input')
    throw new JsonSyntaxError(`invalid character ${quoteChar(char)} ${context}`)
  }
  const skipSpace = (): void => {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++
  }

  const readString = (): string => {
    let value = ''
    let from = ++at
    for (;;) {
      const char = text.charAt(at)
      if (char === '"') {
        value += text.slice(from, at++)
        return value
      }
      if (char === '' || char < ' ') return fail('in string literal')
      if (char !== '\\') {
        at++
        continue
      }
      value += text.slice(from, at++)
      const code = text.charAt(at)
      if (code === 'u') {
        at++
        for (let digit = 0; digit < 4; digit++, at++) if (!/[0-9a-fA-F]/.test(text.charAt(at))) fail('in \\u hexadecimal character escape')
        value += String.fromCharCode(Number.parseInt(text.slice(at - 4, at), 16))
      } else {
        const plain = escapes[code]
        if (plain === undefined) return fail('in string escape code')
        value += plain
        at++
      }
      from = at
    }
  }

  const readNumber = (start: number): JsonNode => {
    const digits = (context: string): void => {
      if (!isDigit(text.charAt(at))) fail(context)
      while (isDigit(text.charAt(at))) at++
    }
    if (text.charAt(at) === '-') at++
    if (text.charAt(at) === '0') at++
    else digits('in numeric literal')
    if (text.charAt(at) === '.') {
      at++
      digits('after decimal point in numeric literal')
    }
    if (text.charAt(at) === 'e' || text.charAt(at) === 'E') {
      at++
      if (text.charAt(at) === '+' || text.charAt(at) === '-') at++
      digits('in exponent of numeric literal')
    }
    return { type: 'number', raw: text.slice(start, at) }
  }

  const readLiteral = (start: number): JsonNode => {
    const word = literals.find(literal => literal[0] === text.charAt(at))
    if (word === undefined) return fail('looking for beginning of value')
    for (const char of word) {
      if (text.charAt(at) !== char) fail(`in literal ${word} (expecting '${char}')`)
      at++
    }
    const raw = text.slice(start, at)
    return word === 'null' ? { type: 'null', raw } : { type: 'bool', value: word === 'true', raw }
  }

  const readArray = (): JsonNode => {
    const items: JsonNode[] = []
    at++
    skipSpace()
    if (text.charAt(at) === ']') at++
    else
      for (;;) {
        items.push(readValue())
        skipSpace()
        const char = text.charAt(at)
        if (char !== ',' && char !== ']') fail('after array element')
        at++
        if (char === ']') break
      }
    return { type: 'array', items }
  }

  const readObject = (): JsonNode => {
    const members: [string, JsonNode][] = []
    at++
    skipSpace()
    if (text.charAt(at) === '}') at++
    else
      for (;;) {
        skipSpace()
        if (text.charAt(at) !== '"') fail('looking for beginning of object key string')
        const key = readString()
        skipSpace()
        if (text.charAt(at) !== ':') fail('after object key')
        at++
        members.push([key, readValue()])
        skipSpace()
        const char = text.charAt(at)
        if (char !== ',' && char !== '}') fail('after object key:value pair')
        at++
        if (char === '}') break
      }
    return { type: 'object', members }
  }

  const readValue = (): JsonNode => {
    skipSpace()
    const start = at
    const char = text.charAt(at)
    if (char === '{') return readObject()
    if (char === '[') return readArray()
    if (char === '"') {
      const value = readString()
      return { type: 'string', value, raw: text.slice(start, at) }
    }
    return char === '-' || isDigit(char) ? readNumber(start) : readLiteral(start)
  }

  const node = readValue()
  skipSpace()
  if (at < text.length) fail('after top-level value')
  return node
}

/** The same for a value that is no string any more (a patch's result, YAML); it has no duplicate members. `namesOf` sorts those of an object. */
export function nodeOfValue(value: unknown, namesOf: (record: object) => readonly string[] = Object.keys): JsonNode {
  if (value === null || value === undefined) return { type: 'null', raw: 'null' }
  switch (typeof value) {
    case 'string':
      return { type: 'string', value, raw: writeJson(value) }
    case 'boolean':
      return { type: 'bool', value, raw: String(value) }
    case 'number':
    case 'bigint':
      return { type: 'number', raw: Object.is(value, -0) ? '-0' : String(value) }
    default:
      break
  }
  if (Array.isArray(value)) return { type: 'array', items: value.map(item => nodeOfValue(item, namesOf)) }
  const members = namesOf(value).flatMap((key): [string, JsonNode][] => {
    const member: unknown = Reflect.get(value, key)
    return member === undefined ? [] : [[key, nodeOfValue(member, namesOf)]]
  })
  return { type: 'object', members }
}

export interface JsonScan {
  /** The number of object members in the text, including duplicates. */
  readonly members: number
  readonly depth: number
  /** An upper bound of members and items; scalars count as one. */
  readonly values: number
  /** A number with a fraction or an exponent, which parseJson cannot distinguish from an integer. */
  readonly hasFraction: boolean
  /** An escaped surrogate, which may lack its other half. */
  readonly hasSurrogate: boolean
}

/** One pass over the bytes, before parsing; does not validate JSON. */
export function scanJson(bytes: Uint8Array): JsonScan {
  let members = 0
  let level = 0
  let depth = 0
  let values = 1
  let hasFraction = false
  let hasSurrogate = false
  const { length } = bytes
  for (let at = 0; at < length; at++) {
    switch (bytes[at]) {
      case 0x22:
        for (at++; at < length && bytes[at] !== 0x22; at++) {
          if (bytes[at] === 0x5c && bytes[++at] === 0x75 && ((bytes[at + 1] ?? 0) | 0x20) === 0x64) hasSurrogate = true
        }
        break
      case 0x3a:
        members++
        break
      case 0x2c:
        values++
        break
      case 0x7b:
      case 0x5b:
        values++
        if (++level > depth) depth = level
        break
      case 0x7d:
      case 0x5d:
        level--
        break
      case 0x2e:
      case 0x45:
        hasFraction = true
        break
      case 0x65: {
        const before = bytes[at - 1] ?? 0
        if (before >= 0x30 && before <= 0x39) hasFraction = true
        break
      }
    }
  }
  return { members, depth, values, hasFraction, hasSurrogate }
}

/** JSON text without lone surrogates: Go replaces one by U+FFFD, and it cannot be encoded in UTF-8. */
export function withWholeSurrogates(text: string): string {
  return text.replace(
    /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|.)/gs,
    (whole: string, alone: string | undefined) => (alone === undefined ? whole : '\\ufffd'),
  )
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1
}

/** A byte in single quotes, as Go quotes it. */
function quoteChar(code: number): string {
  if (code === 0x27) return "'\\''"
  if (code === 0x22) return "'\"'"
  if (code === 0x5c) return "'\\\\'"
  // Go works on bytes: the first byte of a longer character is shown, as a Latin-1 character.
  const byte = Buffer.from(String.fromCodePoint(code))[0] ?? 0
  const named: Record<number, string> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' }
  if (byte < 0x20 || byte === 0x7f) return `'${named[byte] ?? `\\x${byte.toString(16).padStart(2, '0')}`}'`
  return `'${String.fromCharCode(byte)}'`
}
