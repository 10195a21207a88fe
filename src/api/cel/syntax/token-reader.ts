// Reads tokens one by one and complains about unexpected ones as ANTLR's default error strategy does: a superfluous token is dropped, a missing one
// is assumed, and anything else ends the parse.
import type { Issue } from '../issue.ts'
import { type Token, type TokenKind, tokenize } from './lexer.ts'

/** The parse cannot go on; the reason is among the issues. */
export class ParseStop extends Error {}

/** Kinds in the order of the grammar, with `?` and closing brackets where upstream's lists of expected tokens have them. */
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
/** What an expression may begin with. */
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
  /** For each bracket that is open, what may stand after the expression in it. */
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

  /** Takes the token if it is of this kind. */
  accept(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.next() : undefined
  }

  /** Reads what stands between brackets: `follow` is what may come after an expression in there. */
  within<T>(follow: readonly TokenKind[], read: () => T): T {
    this.#follow.push(new Set(follow))
    const result = read()
    this.#follow.pop()
    return result
  }

  /** Takes a token of one of two kinds that must be here. */
  matchEither(first: TokenKind, second: TokenKind): Token {
    return this.accept(first) ?? this.accept(second) ?? this.stop('mismatched input', new Set([first, second]))
  }

  /** Takes a token that must be here; `after` is what may follow it, by default what may follow a closing bracket. */
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

  /** Makes sure that the next token is one of these: drops one that is too much, stops otherwise. */
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

  /** `from` is the token that the alternatives begin with. */
  noViableAlternative(from: Token): never {
    const { current } = this
    const text = escaped(this.#source.slice(from.offset, current.offset + (current.kind === '<EOF>' ? 0 : current.text.length)))
    // Words that are values get a message of their own, which earlier versions of CEL had for all.
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
