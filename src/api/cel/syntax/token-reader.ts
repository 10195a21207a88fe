// Reads tokens one by one and reports unexpected ones as ANTLR's default error strategy: a superfluous token is dropped, a missing one is
// assumed, and anything else ends the parse.
import type { Issue } from '../issue.ts'
import { type Token, type TokenKind, tokenize } from './lexer.ts'

/** The parse cannot continue; the reason is among the issues. */
export class ParseStop extends Error {}

/** Kinds in grammar order, with `?` and closing brackets as in upstream's lists of expected tokens. */
const listOrder: readonly TokenKind[] = [
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
  'true',
  'false',
  'null',
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
  '<EOF>',
]
/** Possible beginnings of an expression. */
export const expressionStart: ReadonlySet<TokenKind> = new Set([
  '[',
  '{',
  '(',
  '.',
  '-',
  '!',
  'true',
  'false',
  'null',
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
] satisfies TokenKind[])
const operators: ReadonlySet<TokenKind> = new Set([
  '==',
  '!=',
  'in',
  '<',
  '<=',
  '>=',
  '>',
  '&&',
  '||',
  '[',
  '{',
  '.',
  '-',
  '?',
  '+',
  '*',
  '/',
  '%',
] satisfies TokenKind[])

export class TokenReader {
  readonly issues: Issue[]
  readonly #source: string
  readonly #tokens: readonly Token[]
  #at = 0
  /** For each open bracket, the tokens that may follow the expression in it. */
  readonly #follow: ReadonlySet<TokenKind>[] = [new Set<TokenKind>(['<EOF>'])]

  constructor(source: string, issues: Issue[]) {
    this.issues = issues
    this.#source = source
    this.#tokens = tokenize(source, issues)
  }

  get current(): Token {
    return this.peek(0)
  }

  peek(distance: number): Token {
    const last = this.#tokens.length - 1
    const token = this.#tokens[Math.min(this.#at + distance, last)]
    if (token === undefined) throw new Error('Token list has no end')
    return token
  }

  is(kind: TokenKind): boolean {
    return this.current.kind === kind
  }

  next(): Token {
    const token = this.current
    this.#at++
    return token
  }

  /** Consumes the token if it is of this kind. */
  accept(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.next() : undefined
  }

  /** Parses between brackets: `follow` are the tokens that may follow an expression there. */
  within<T>(follow: readonly TokenKind[], read: () => T): T {
    this.#follow.push(new Set(follow))
    const result = read()
    this.#follow.pop()
    return result
  }

  /** Consumes a token that must be of one of two kinds. */
  matchEither(first: TokenKind, second: TokenKind): Token {
    return this.accept(first) ?? this.accept(second) ?? this.stop('mismatched input', new Set([first, second]))
  }

  /** Consumes a required token; `after` are its possible followers, by default those of a closing bracket. */
  match(kind: TokenKind, after?: ReadonlySet<TokenKind>): Token {
    const { current } = this
    if (current.kind === kind) return this.next()
    if (this.peek(1).kind === kind) {
      this.#complain('extraneous input', current, new Set([kind]))
      this.next()
      return this.next()
    }
    const mayFollow = after?.has(current.kind) ?? (operators.has(current.kind) || this.#follow.at(-1)?.has(current.kind) === true)
    if (!mayFollow || kind === '<EOF>') this.stop('mismatched input', new Set([kind]))
    this.issues.push({ offset: current.offset, message: `Syntax error: missing ${quote(kind)} at ${shown(current)}` })
    return { kind, text: '', offset: current.offset }
  }

  /** Ensures that the next token is one of these: drops one superfluous token, otherwise stops. */
  sync(expected: ReadonlySet<TokenKind>): void {
    if (expected.has(this.current.kind)) return
    if (!expected.has(this.peek(1).kind) || this.is('<EOF>')) this.stop('mismatched input', expected)
    this.#complain('extraneous input', this.current, expected)
    this.next()
  }

  stop(what: string, expected: ReadonlySet<TokenKind>): never {
    this.#complain(what, this.current, expected)
    throw new ParseStop()
  }

  /** `from` is the token at which the alternatives begin. */
  noViableAlternative(from: Token): never {
    const { current } = this
    const text = escaped(this.#source.slice(from.offset, current.offset + (current.kind === '<EOF>' ? 0 : current.text.length)))
    // Literal keywords have their own message, which earlier CEL versions used for all.
    const word = current.kind === 'true' || current.kind === 'false' || current.kind === 'null'
    const what = word ? `mismatched input '${current.kind}' expecting IDENTIFIER` : `no viable alternative at input '${text}'`
    this.issues.push({ offset: current.offset, message: `Syntax error: ${what}` })
    throw new ParseStop()
  }

  #complain(what: string, token: Token, expected: ReadonlySet<TokenKind>): void {
    const names = listOrder.filter(kind => expected.has(kind)).map(quote)
    const list = names.length === 1 ? names[0] : `{${names.join(', ')}}`
    this.issues.push({ offset: token.offset, message: `Syntax error: ${what} ${shown(token)} expecting ${list}` })
  }
}

const quote = (kind: TokenKind): string => (/^[A-Z<]{2,}/.test(kind) && kind !== '<=' ? kind : `'${kind}'`)
const escaped = (text: string): string => text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
const shown = ({ text }: Token): string => `'${escaped(text)}'`
