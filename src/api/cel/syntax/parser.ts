// Parses an expression into a syntax tree and expands macros; grammar and messages are cel-go's.
import { CelCompileError, type Issue } from '../issue.ts'
import { call, type Expr, ident, list, literal, type MapEntry, type StructField, select } from './ast.ts'
import { balanced } from './balance.ts'
import type { Token, TokenKind } from './lexer.ts'
import { parseDoubleLiteral, parseIntLiteral, parseUintLiteral, unquote } from './literal.ts'
import { expandMacro, type MacroTable } from './macro.ts'
import { expressionStart, ParseStop, TokenReader } from './token-reader.ts'
import { childrenOf } from './walk.ts'

export interface ParseOptions {
  readonly macros: MacroTable
  /** `a.?b`, `a[?b]`, `[?a]`, `{?a: b}`. */
  readonly optionalSyntax: boolean
  /** Names in backticks after a dot. */
  readonly escapedNames: boolean
}

const maxCodePoints = 100_000
const maxDepth = 250
const reserved = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
)
const relations = new Map<TokenKind, string>([
  ['<', '_<_'],
  ['<=', '_<=_'],
  ['>', '_>_'],
  ['>=', '_>=_'],
  ['==', '_==_'],
  ['!=', '_!=_'],
  ['in', '@in'],
])
const additions = new Map<TokenKind, string>([
  ['+', '_+_'],
  ['-', '_-_'],
])
const multiplications = new Map<TokenKind, string>([
  ['*', '_*_'],
  ['/', '_/_'],
  ['%', '_%_'],
])
const argumentStart = new Set<TokenKind>([...expressionStart, ')'])
const elementStart = new Set<TokenKind>([...expressionStart, '?'])
const listStart = new Set<TokenKind>([...elementStart, ']', ','])
const mapStart = new Set<TokenKind>([...elementStart, '}', ','])
const fieldStart = new Set<TokenKind>(['}', ',', '?', 'IDENTIFIER', 'ESC_IDENTIFIER'])

/** Throws only `CelCompileError`, whatever the source is. */
export function parse(source: string, options: ParseOptions): Expr {
  const size = source.length > maxCodePoints ? [...source].length : source.length
  if (size > maxCodePoints) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${maxCodePoints}`
    throw new CelCompileError(source, [{ offset: undefined, message }])
  }
  const issues: Issue[] = []
  const parser = new Parser(source, issues, options)
  const expr = parser.parse()
  if (expr === undefined || issues.length > 0) throw new CelCompileError(source, issues)
  return expr
}

class Parser {
  readonly #reader: TokenReader
  readonly #options: ParseOptions
  #nesting = 0

  constructor(source: string, issues: Issue[], options: ParseOptions) {
    this.#reader = new TokenReader(source, issues)
    this.#options = options
  }

  parse(): Expr | undefined {
    try {
      const expr = this.#expression()
      this.#reader.match('<EOF>')
      if (nestsDeeper(expr, maxDepth)) this.#tooDeep('max recursion depth exceeded')
      return expr
    } catch (err) {
      if (err instanceof ParseStop) return undefined
      throw err
    }
  }

  #expression(): Expr {
    if (++this.#nesting > maxDepth) this.#tooDeep(`expression recursion limit exceeded: ${maxDepth}`)
    const condition = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()))
    const question = this.#reader.accept('?')
    let result = condition
    if (question !== undefined) {
      const yes = this.#reader.within([':'], () => this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation())))
      this.#reader.match(':', expressionStart)
      result = this.#call(question, '_?_:_', [condition, yes, this.#expression()])
    }
    this.#nesting--
    return result
  }

  /** A chain of `&&` or `||` becomes a balanced tree, so that long chains stay shallow. */
  #logical(kind: '&&' | '||', name: string, operand: () => Expr): Expr {
    const terms = [operand()]
    const operators: Token[] = []
    for (let token = this.#reader.accept(kind); token !== undefined; token = this.#reader.accept(kind)) {
      operators.push(token)
      terms.push(operand())
    }
    return balanced(terms, operators, (operator, left, right) => call(operator.offset, name, [left, right]))
  }

  #relation(): Expr {
    return this.#binary(relations, () => this.#binary(additions, () => this.#binary(multiplications, () => this.#unary())))
  }

  #binary(operators: ReadonlyMap<TokenKind, string>, operand: () => Expr): Expr {
    let left = operand()
    let chain = 1
    for (;;) {
      const name = operators.get(this.#reader.current.kind)
      if (name === undefined) return left
      if (++chain > maxDepth) this.#tooDeep(`expression recursion limit exceeded: ${maxDepth}`)
      const operator = this.#reader.next()
      left = this.#call(operator, name, [left, operand()])
    }
  }

  #unary(): Expr {
    const reader = this.#reader
    reader.sync(expressionStart)
    const { current } = reader
    if (current.kind !== '!' && current.kind !== '-') return this.#postfix(this.#primary())
    let count = 0
    let operator = current
    for (let token = reader.accept(current.kind); token !== undefined; token = reader.accept(current.kind)) {
      operator = token
      count++
    }
    const number = reader.is('NUM_INT') || reader.is('NUM_FLOAT')
    if (current.kind === '-' && count === 1 && number) return this.#postfix(this.#number(reader.next(), current))
    if (!expressionStart.has(reader.current.kind)) {
      if (current.kind === '!') reader.stop('extraneous input', expressionStart)
      reader.noViableAlternative(operator)
    }
    // `!-a` and `-!a` are not in the grammar: operators of one kind are followed by a member.
    if (reader.is('!') || (reader.is('-') && reader.peek(1).kind !== 'NUM_INT' && reader.peek(1).kind !== 'NUM_FLOAT')) {
      reader.stop('extraneous input', expressionStart)
    }
    const minus = reader.accept('-')
    const operand = this.#postfix(minus === undefined ? this.#primary() : this.#number(reader.next(), minus))
    return count % 2 === 0 ? operand : this.#call(current, current.kind === '!' ? '!_' : '-_', [operand])
  }

  #postfix(start: Expr): Expr {
    const reader = this.#reader
    let expr = start
    for (let chain = 2; ; chain++) {
      if (!reader.is('.') && !reader.is('[')) return expr
      if (chain > maxDepth) this.#tooDeep(`expression recursion limit exceeded: ${maxDepth}`)
      const operator = reader.next()
      expr = operator.kind === '.' ? this.#member(operator, expr) : this.#index(operator, expr)
    }
  }

  #member(dot: Token, operand: Expr): Expr {
    const reader = this.#reader
    const optional = reader.accept('?')
    if (optional === undefined && reader.is('IDENTIFIER') && reader.peek(1).kind === '(') {
      const name = reader.next()
      const open = reader.next()
      return this.#call(open, name.text, this.#arguments(), operand)
    }
    const name = reader.accept('IDENTIFIER') ?? reader.accept('ESC_IDENTIFIER')
    if (name === undefined) return reader.noViableAlternative(dot)
    const field = this.#fieldName(name)
    if (optional === undefined) return select(dot.offset, operand, field)
    if (!this.#allowOptional(dot, "unsupported syntax '.?'")) return operand
    return call(dot.offset, '_?._', [operand, literal(name.offset, 'string', field)])
  }

  #index(open: Token, operand: Expr): Expr {
    const reader = this.#reader
    reader.sync(elementStart)
    const optional = reader.accept('?')
    const index = reader.within([']'], () => this.#expression())
    reader.match(']')
    if (optional === undefined) return this.#call(open, '_[_]', [operand, index])
    return this.#allowOptional(open, "unsupported syntax '[?'") ? this.#call(open, '_[?_]', [operand, index]) : operand
  }

  #arguments(): Expr[] {
    const reader = this.#reader
    const args: Expr[] = []
    reader.within([',', ')'], () => {
      reader.sync(argumentStart)
      if (reader.is(')')) return
      do args.push(this.#expression())
      while (reader.accept(',') !== undefined)
    })
    reader.match(')')
    return args
  }

  #primary(): Expr {
    const reader = this.#reader
    reader.sync(expressionStart)
    const { current } = reader
    switch (current.kind) {
      case '(': {
        reader.next()
        const expr = reader.within([')'], () => this.#expression())
        reader.match(')')
        return expr
      }
      case '[':
        return this.#list(reader.next())
      case '{':
        return this.#map(reader.next())
      case '.':
      case 'IDENTIFIER':
        return this.#named(current)
      default:
        return this.#literal(reader.next())
    }
  }

  /** A name, a function call, or a message `a.b.C{…}`. */
  #named(start: Token): Expr {
    const reader = this.#reader
    const dot = reader.accept('.') === undefined ? '' : '.'
    if (!reader.is('IDENTIFIER')) reader.noViableAlternative(start)
    const brace = this.#braceAfterName()
    if (brace !== undefined) {
      const name = Array.from({ length: brace }, () => reader.next().text).join('')
      return this.#struct(reader.next(), dot + name)
    }
    const name = reader.next()
    if (reserved.has(name.text)) reader.issues.push({ offset: start.offset, message: `reserved identifier: ${name.text}` })
    const open = reader.accept('(')
    return open === undefined ? ident(name.offset, dot + name.text) : this.#call(open, dot + name.text, this.#arguments())
  }

  /** The number of tokens of a dotted name before a brace; undefined if it is no message. */
  #braceAfterName(): number | undefined {
    let length = 1
    while (this.#reader.peek(length).kind === '.' && this.#reader.peek(length + 1).kind === 'IDENTIFIER') length += 2
    return this.#reader.peek(length).kind === '{' ? length : undefined
  }

  #list(open: Token): Expr {
    const items: Expr[] = []
    const optional = new Set<number>()
    this.#sequence(']', listStart, elementStart, () => {
      const mark = this.#reader.accept('?')
      if (mark !== undefined && this.#allowOptional(mark, "unsupported syntax '?'")) optional.add(items.length)
      items.push(this.#expression())
    })
    return list(open.offset, items, optional)
  }

  #map(open: Token): Expr {
    const entries: MapEntry[] = []
    this.#sequence('}', mapStart, elementStart, () => {
      const mark = this.#reader.accept('?')
      const optional = mark !== undefined && this.#allowOptional(mark, "unsupported syntax '?'")
      const key = this.#reader.within([':'], () => this.#expression())
      const colon = this.#reader.match(':', expressionStart)
      entries.push({ offset: colon.offset, key, value: this.#expression(), optional })
    })
    return { kind: 'map', offset: open.offset, entries }
  }

  #struct(open: Token, typeName: string): Expr {
    const fields: StructField[] = []
    this.#sequence('}', fieldStart, new Set(['?', 'IDENTIFIER', 'ESC_IDENTIFIER']), () => {
      const mark = this.#reader.accept('?')
      const optional = mark !== undefined && this.#allowOptional(mark, "unsupported syntax '?'")
      const name = this.#fieldName(this.#reader.matchEither('IDENTIFIER', 'ESC_IDENTIFIER'))
      const colon = this.#reader.match(':', expressionStart)
      fields.push({ offset: colon.offset, name, value: this.#expression(), optional })
    })
    return { kind: 'struct', offset: open.offset, typeName, fields }
  }

  /** The name of a field, without backticks. */
  #fieldName({ kind, text, offset }: Token): string {
    if (kind !== 'ESC_IDENTIFIER') return text
    if (!this.#options.escapedNames) this.#reader.issues.push({ offset, message: "unsupported syntax: '`'" })
    return text.slice(1, -1)
  }

  /** Items between the bracket just read and `close`, separated by commas, with an optional trailing comma. */
  #sequence(close: ']' | '}', start: ReadonlySet<TokenKind>, itemStart: ReadonlySet<TokenKind>, item: () => void): void {
    const reader = this.#reader
    const separators = new Set<TokenKind>([close, ','])
    reader.within([',', close], () => {
      reader.sync(start)
      while (itemStart.has(reader.current.kind)) {
        item()
        reader.sync(separators)
        if (reader.accept(',') === undefined || reader.is(close)) return
        if (!itemStart.has(reader.current.kind)) return
      }
      reader.accept(',')
    })
    reader.match(close)
  }

  #literal(token: Token): Expr {
    switch (token.kind) {
      case 'true':
      case 'false':
        return literal(token.offset, 'bool', token.kind === 'true')
      case 'null':
        return literal(token.offset, 'null', null)
      case 'STRING':
      case 'BYTES': {
        const value = unquote(token.text, token.kind === 'BYTES')
        if (value === undefined) return this.#bad(token.offset, 'unable to unescape string')
        return literal(token.offset, token.kind === 'BYTES' ? 'bytes' : 'string', value)
      }
      default:
        return this.#number(token, undefined)
    }
  }

  #number(token: Token, minus: Token | undefined): Expr {
    const offset = minus?.offset ?? token.offset
    switch (token.kind) {
      case 'NUM_INT': {
        const value = parseIntLiteral(token.text, minus !== undefined)
        return value === undefined ? this.#bad(offset, 'invalid int literal') : literal(offset, 'int', value)
      }
      case 'NUM_UINT': {
        const value = parseUintLiteral(token.text)
        return value === undefined ? this.#bad(offset, 'invalid uint literal') : literal(offset, 'uint', value)
      }
      default: {
        const value = parseDoubleLiteral(`${minus === undefined ? '' : '-'}${token.text}`)
        return value === undefined ? this.#bad(offset, 'invalid double literal') : literal(offset, 'double', value)
      }
    }
  }

  #call(place: Token, name: string, args: readonly Expr[], target?: Expr): Expr {
    const expanded = expandMacro(this.#options.macros, place.offset, name, args, target)
    if (expanded === undefined) return call(place.offset, name, args, target)
    return 'message' in expanded ? this.#bad(expanded.offset, expanded.message) : expanded
  }

  /** Reports an issue and returns a placeholder for what could not be parsed, so that parsing continues. */
  #bad(offset: number | undefined, message: string): Expr {
    this.#reader.issues.push({ offset, message })
    return literal(offset ?? 0, 'null', null)
  }

  #allowOptional(token: Token, message: string): boolean {
    if (!this.#options.optionalSyntax) this.#reader.issues.push({ offset: token.offset, message })
    return this.#options.optionalSyntax
  }

  #tooDeep(message: string): never {
    this.#reader.issues.push({ offset: undefined, message })
    throw new ParseStop()
  }
}

/** Whether parts nest deeper than `levels`, since later tree walks are recursive. `seen` has the smallest known depth of each part. */
function nestsDeeper(expr: Expr, levels: number, seen = new Map<Expr, number>()): boolean {
  if (levels < 0) return true
  // Macros use their target twice; without this, nested targets would be walked in exponential time.
  if ((seen.get(expr) ?? Number.POSITIVE_INFINITY) <= levels) return false
  seen.set(expr, levels)
  return childrenOf(expr).some(child => nestsDeeper(child, levels - 1, seen))
}
