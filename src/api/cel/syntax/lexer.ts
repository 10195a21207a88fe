// Splits an expression into tokens. Works in UTF-16 units; invalid text is reported as by ANTLR's lexer, and skipped.
import type { Issue } from '../issue.ts'

const punctuationKinds = [
  '==',
  '!=',
  '<',
  '<=',
  '>=',
  '>',
  '&&',
  '||',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '.',
  ',',
  '-',
  '!',
  '?',
  ':',
  '+',
  '*',
  '/',
  '%',
] as const

/** Punctuation and keywords: the kind is their text. */
export type TokenKind =
  | (typeof punctuationKinds)[number]
  | 'in'
  | 'true'
  | 'false'
  | 'null'
  | 'NUM_FLOAT'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'STRING'
  | 'BYTES'
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | '<EOF>'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly offset: number
}

const punctuation: ReadonlyMap<string, TokenKind> = new Map(punctuationKinds.map(kind => [kind, kind]))
const keywords: ReadonlyMap<string, TokenKind> = new Map([
  ['in', 'in'],
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
])
const blank = /(?:[\t\r\n\f ]+|\/\/[^\n]*)+/y
const number = /0x[0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?/y
const identifier = /[_a-zA-Z][_a-zA-Z0-9]*/y
const escapedIdentifier = /`[a-zA-Z0-9_.\-/ ]+`/y
const stringStart = /[bB]?[rR]?(?:'''|"""|'|")/y
const escapeSequence = /\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/y

/** The tokens; the last one is `<EOF>`; problems are added to `issues`. */
export function tokenize(source: string, issues: Issue[]): Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  const push = (kind: TokenKind, text: string): void => {
    tokens.push({ kind, text, offset: at })
    at += text.length
  }
  while (issues.length < maxIssues) {
    at += take(blank)?.length ?? 0
    if (at >= source.length) break
    const opening = take(stringStart)
    if (opening !== undefined) {
      const end = endOfString(source, at, opening)
      if (end.complete) push(/^[bB]/.test(opening) ? 'BYTES' : 'STRING', source.slice(at, end.at))
      else at = unrecognized(source, at, end.at, issues)
      continue
    }
    const name = take(identifier)
    if (name !== undefined) {
      push(keywords.get(name) ?? 'IDENTIFIER', name)
      continue
    }
    const digits = take(number)
    if (digits !== undefined) {
      push(numberKind(digits), digits)
      continue
    }
    const escaped = take(escapedIdentifier)
    if (escaped !== undefined) {
      push('ESC_IDENTIFIER', escaped)
      continue
    }
    const double = punctuation.get(source.slice(at, at + 2))
    const kind = double ?? punctuation.get(source.charAt(at))
    if (kind !== undefined) push(kind, kind)
    else at = unrecognized(source, at, endOfUnknown(source, at), issues)
  }
  tokens.push({ kind: '<EOF>', text: '<EOF>', offset: source.length })
  return tokens
}

function numberKind(text: string): TokenKind {
  if (/[uU]$/.test(text)) return 'NUM_UINT'
  return text.startsWith('0x') || /^\d+$/.test(text) ? 'NUM_INT' : 'NUM_FLOAT'
}

/** The end of a string that opens at `at`; for an unclosed one, the first position that fits no string. */
function endOfString(source: string, at: number, opening: string): { at: number; complete: boolean } {
  const quote = opening.replace(/^[bBrR]+/, '')
  const raw = /[rR]/.test(opening)
  const multiline = quote.length === 3
  let i = at + opening.length
  while (i < source.length) {
    if (source.startsWith(quote, i)) return { at: i + quote.length, complete: true }
    const character = source.charAt(i)
    if (!multiline && (character === '\n' || character === '\r')) return { at: i, complete: false }
    if (character === '\\' && !raw) {
      escapeSequence.lastIndex = i
      const found = escapeSequence.exec(source)
      if (found === null) return { at: i + validEscape(source, i), complete: false }
      i += found[0].length
    } else {
      i++
    }
  }
  return { at: i, complete: false }
}

/** The length of an invalid escape's longest valid beginning. */
function validEscape(source: string, at: number): number {
  const digits = { x: 2, X: 2, u: 4, U: 8 }[source.charAt(at + 1)]
  const start = digits === undefined ? /^\\(?:[0-3][0-7]?)?/ : new RegExp(`^\\\\.[0-9a-fA-F]{0,${digits}}`)
  return start.exec(source.slice(at, at + 10))?.[0].length ?? 1
}

/** `=`, `&` and `|` begin two-character tokens: the unexpected second character is reported with them. */
function endOfUnknown(source: string, at: number): number {
  if ('=&|'.includes(source.charAt(at)) && at + 1 < source.length) return at + 1
  if (source.charAt(at) === '`') {
    let end = at + 1
    while (end < source.length && /[a-zA-Z0-9_.\-/ ]/.test(source.charAt(end))) end++
    return end
  }
  return at
}

/** Limit of reported issues. */
const maxIssues = 100

/** Reports the text up to and including `last`, and returns where to continue. */
function unrecognized(source: string, at: number, last: number, issues: Issue[]): number {
  const end = last >= source.length ? source.length : last + ((source.codePointAt(last) ?? 0) > 0xffff ? 2 : 1)
  const text = source.slice(at, end).replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
  issues.push({ offset: at, message: `Syntax error: token recognition error at: '${text}'` })
  return end
}
