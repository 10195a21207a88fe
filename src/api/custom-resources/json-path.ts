// JSON paths of printer columns and selectable fields: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`. The grammar is
// that of kubectl's templates, since upstream parses a path as one action of such a template, with all its oddities.
import { int64Of } from '../go-text/go-int64.ts'

/** One list for each action of the template, and for each text between two of them. */
export type JsonPath = readonly Steps[]

export type Steps = readonly Step[]

export type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'descend' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'literal'; readonly value: boolean | bigint | Float }
  | { readonly kind: 'identifier'; readonly name: string }
  | { readonly kind: 'union'; readonly members: readonly Steps[] }
  | Slice
  | Filter

export interface Slice {
  readonly kind: 'slice'
  readonly from: number
  /** Undefined means to the end of the list. */
  readonly to: number | undefined
  /** Whether the path names one item, so that an end of 0 means the end of the list. */
  readonly single: boolean
  readonly by: number
}

export interface Filter {
  readonly kind: 'filter'
  readonly left: Steps
  readonly operator: string
  readonly right: Steps
}

/** A number written with a fraction: `2.0` is no integer to Go. Integers are bigints. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** Longer paths are rejected. */
const maxPathLength = 1024

/** Undefined if the text is no path. */
export function parseJsonPath(path: string): JsonPath | undefined {
  const parsed = path.length > maxPathLength ? undefined : parseTemplate(`{${path}}`)
  return typeof parsed === 'string' ? undefined : parsed
}

/** Why a text is no path, in the words of kubectl's templates; undefined for a path, and for a text that is too long to parse. */
export function jsonPathProblem(path: string): string | undefined {
  const parsed = path.length > maxPathLength ? undefined : parseTemplate(`{${path}}`)
  return typeof parsed === 'string' ? parsed : undefined
}

interface Reader {
  readonly text: string
  at: number
}

/** Returns the path, or its problem; so do all functions below. */
function parseTemplate(text: string): JsonPath | string {
  const reader: Reader = { text, at: 0 }
  const parts: Steps[] = []
  while (reader.at < text.length) {
    const plain = take(reader, /[^{]+/y)
    if (plain !== '') parts.push([{ kind: 'text', text: plain }])
    if (text[reader.at] !== '{') break
    reader.at++
    const action = parseAction(reader)
    if (typeof action === 'string') return action
    parts.push(action)
  }
  return parts
}

/** Nested paths are parsed as actions of their own; the first one counts. */
function parseInner(text: string): Steps | string {
  const parsed = parseTemplate(`{${text}}`)
  return typeof parsed === 'string' ? parsed : (parsed[0] ?? [])
}

/** Reads up to the brace that ends the action. */
function parseAction(reader: Reader): Steps | string {
  const steps: Step[] = []
  while (reader.text[reader.at] !== '}') {
    const next = parseSteps(reader, steps.at(-1))
    if (typeof next === 'string') return next
    steps.push(...next)
  }
  reader.at++
  return steps
}

const letter = /[_\p{L}\p{Nd}]/uy

/** Separators are no steps. */
function parseSteps(reader: Reader, last: Step | undefined): Steps | string {
  const { text } = reader
  if (text.startsWith('[?(', reader.at)) return parseFilter(reader)
  if (text.startsWith('..', reader.at)) {
    if (last?.kind === 'descend') return 'invalid multiple recursive descent'
    reader.at += 2
    return [{ kind: 'descend' }, ...(looksAt(reader, letter) ? [parseField(reader)] : [])]
  }
  switch (text[reader.at]) {
    case ' ':
    case '@':
    case '$':
      reader.at++
      return []
    case '[':
      return parseBracket(reader)
    case '"':
    case "'":
      return parseQuoted(reader)
    case '.':
      reader.at++
      return [parseField(reader)]
    default:
      if (looksAt(reader, /[-+\p{Nd}]/uy)) return parseNumber(take(reader, /[-+]?[.\p{Nd}]*/uy))
      return looksAt(reader, letter) ? [wordOf(take(reader, /[^ \t\r\n.,[\]$@{}]+/y))] : strayCharacter(reader)
  }
}

function strayCharacter({ text, at }: Reader): string {
  const code = text.codePointAt(at)
  const character = String.fromCodePoint(code ?? 0)
  if (code === undefined || character === '\n' || character === '\r') return 'unclosed action'
  const shown = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character) ? ` '${character}'` : ''
  return `unrecognized character in action: U+${code.toString(16).toUpperCase().padStart(4, '0')}${shown}`
}

function looksAt({ text, at }: Reader, pattern: RegExp): boolean {
  pattern.lastIndex = at
  return pattern.test(text)
}

function take(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at
  const [found] = pattern.exec(reader.text) ?? ['']
  reader.at += found.length
  return found
}

/** A backslash keeps the next character from ending the name, and is not part of it. */
function parseField(reader: Reader): Step {
  const name = take(reader, /(?:\\[\s\S]?|[^ \t\r\n.,[\]$@{}\\])*/uy)
  return name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: name.replaceAll('\\', '') }
}

function wordOf(word: string): Step {
  return word === 'true' || word === 'false' ? { kind: 'literal', value: word === 'true' } : { kind: 'identifier', name: word }
}

function parseNumber(text: string): Steps | string {
  const integer = int64Of(text)
  if (integer !== undefined) return [{ kind: 'literal', value: integer }]
  const value = /\d/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? [{ kind: 'literal', value: new Float(value) }] : `cannot parse number ${text}`
}

/** The first closing bracket ends it, even inside quotes. */
function parseBracket(reader: Reader): Steps | string {
  const whole = take(reader, /\[[^\]\n]*\]/y)
  if (whole === '') return 'unterminated array'
  const text = whole.slice(1, -1)
  const parts = text.split(',')
  if (parts.length > 1) {
    const members: Steps[] = []
    for (const part of parts) {
      const member = parseInner(`[${part.replace(/^ +| +$/g, '')}]`)
      if (typeof member === 'string') return member
      members.push(member)
    }
    return [{ kind: 'union', members }]
  }
  const [, key] = /^'([^']*)'$/.exec(text) ?? []
  return key === undefined ? parseSlice(text === '*' ? ':' : text) : parseInner(`.${key}`)
}

function parseSlice(text: string): Steps | string {
  const parts = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(text)
  if (parts === null) return `invalid array index ${text}`
  const [first, second, third] = parts.slice(1)
  const bounds = [first, second, third].map(part => (part ? int64Of(part) : undefined))
  const tooLarge = parts.find((part, index) => index > 0 && part && bounds[index - 1] === undefined)
  if (tooLarge) return `array index ${tooLarge} is not a number`
  const [from, to, by] = bounds.map(bound => (bound === undefined ? undefined : Number(bound)))
  const single = second === undefined
  return [{ kind: 'slice', from: from ?? 0, to: single ? (from ?? 0) + 1 : to, single, by: by ?? 1 }]
}

function parseFilter(reader: Reader): Steps | string {
  const from = reader.at + '[?('.length
  const to = endOfFilter(reader.text, from)
  if (to === undefined) return 'unterminated filter'
  if (reader.text[to + 1] !== ']') return 'unclosed array expect ]'
  reader.at = to + 2
  const text = reader.text.slice(from, to)
  const [, before = text, operator = 'exists', after = ''] = /^([^!<>=]+)([!<>=]+)([^\n]+)$/.exec(text) ?? []
  const [left, right] = [parseInner(before), parseInner(after)]
  if (typeof left === 'string') return left
  return typeof right === 'string' ? right : [{ kind: 'filter', left, operator, right }]
}

/** After the first quote, the next quote of that kind ends the text. */
function endOfFilter(text: string, from: number): number | undefined {
  let quote = ''
  let quoted = false
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === '\n') return undefined
    if (char === ')' && !quoted) return at
    if (quote === '' && (char === '"' || char === "'")) {
      quote = char
      quoted = true
    } else if (char === quote && text[at - 1] !== '\\') quoted = false
  }
  return undefined
}

function parseQuoted(reader: Reader): Steps | string {
  const quote = reader.text[reader.at] ?? ''
  const whole = take(reader, quote === '"' ? /"[^\n]*?(?<!\\)"/y : /'[^\n]*?(?<!\\)'/y)
  if (whole === '') return 'unterminated quoted string'
  const text = unquoted(whole.slice(1, -1), quote)
  return text === undefined ? `unquote string ${whole} error invalid syntax` : [{ kind: 'text', text }]
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' }

/** Go's escapes; undefined if one is invalid. Some denote a byte, so that several may form a character. */
function unquoted(text: string, quote: string): string | undefined {
  const bytes: Uint8Array[] = []
  const pattern = /[^\\]+|\\x([\da-fA-F]{2})|\\([0-7]{3})|\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8}))|\\([\s\S])/y
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) return undefined
    const [plain, hex, octal, short, long, char] = match
    const byte = hex === undefined ? Number.parseInt(octal ?? '0', 8) : Number.parseInt(hex, 16)
    const code = Number.parseInt(short ?? long ?? '0', 16)
    if (byte > 0xff || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
    if (hex !== undefined || octal !== undefined) bytes.push(Uint8Array.of(byte))
    else if (short !== undefined || long !== undefined) bytes.push(Buffer.from(String.fromCodePoint(code)))
    else {
      const meant = char === undefined ? plain : char === quote ? quote : escapes[char]
      if (meant === undefined) return undefined
      bytes.push(Buffer.from(meant))
    }
  }
  return Buffer.concat(bytes).toString()
}
