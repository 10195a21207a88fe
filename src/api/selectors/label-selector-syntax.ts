// The syntax of label selectors, by upstream's grammar and with upstream's errors (apimachinery's labels.Parse).

import { formatFieldError, invalidValue } from '../field-error.ts'
import { aggregated } from '../go-text/aggregate-message.ts'
import { int64Of } from '../go-text/go-int64.ts'
import { labelValue, qualifiedName } from '../validation/names.ts'

export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: SelectorOperator
  readonly values: readonly string[]
}

/** A 400 in upstream, with this text. */
export class SelectorError extends Error {}

export function readLabelRequirements(text: string): LabelRequirement[] {
  return new Parser(lex(text)).parse()
}

type TokenType = 'identifier' | 'end' | 'error' | 'in' | 'notin' | '!' | '=' | '==' | '!=' | '>' | '<' | '(' | ')' | ','

interface Token {
  readonly type: TokenType
  readonly text: string
}

const special = '=!(),><'
const symbols: ReadonlySet<string> = new Set(['!', '=', '==', '!=', '>', '<', '(', ')', ','])
const spaces = ' \t\r\n'

function lex(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (spaces.includes(char)) at++
    else if (special.includes(char)) {
      const token = symbolAt(text, at)
      tokens.push(token)
      at += token.type === 'error' ? 1 : token.text.length
    } else {
      let end = at
      while (end < text.length && !special.includes(text.charAt(end)) && !spaces.includes(text.charAt(end))) end++
      const word = text.slice(at, end)
      tokens.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word })
      at = end
    }
  }
  return tokens
}

/** The longest symbol that begins here; every special character is one itself. */
function symbolAt(text: string, at: number): Token {
  const two = text.slice(at, at + 2)
  const symbol = symbols.has(two) ? two : text.charAt(at)
  return symbols.has(symbol)
    ? { type: symbol as TokenType, text: symbol }
    : { type: 'error', text: `error expected: keyword found '${symbol}'` }
}

const binaryOperators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt']

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  /** Words like `in` are keys and values where no operator may be. */
  #peek(): Token {
    const token = this.#tokens[this.#at] ?? { type: 'end', text: '' }
    return token.type === 'in' || token.type === 'notin' ? { type: 'identifier', text: token.text } : token
  }

  #take(): Token {
    const token = this.#peek()
    this.#at++
    return token
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const next = this.#peek()
      if (next.type === 'end') break
      if (next.type !== 'identifier' && next.type !== '!')
        refuseSelector(`found '${next.text}', expected: !, identifier, or 'end of string'`)
      requirements.push(this.#requirement())
      const separator = this.#take()
      if (separator.type === 'end') break
      if (separator.type !== ',') refuseSelector(`found '${separator.text}', expected: ',' or 'end of string'`)
      const after = this.#peek()
      if (after.type !== 'identifier' && after.type !== '!') refuseSelector(`found '${after.text}', expected: identifier after ','`)
    }
    return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  }

  #requirement(): LabelRequirement {
    try {
      return this.#readRequirement()
    } catch (err) {
      if (err instanceof SelectorError) refuseSelector(`unable to parse requirement: ${err.message}`)
      throw err
    }
  }

  #readRequirement(): LabelRequirement {
    let token = this.#take()
    const negated = token.type === '!'
    if (negated) token = this.#take()
    if (token.type !== 'identifier') refuseSelector(`found '${token.text}', expected: identifier`)
    const key = token.text
    const problems = qualifiedName(key)
    if (problems.length > 0) refuseSelector(formatFieldError(invalidValue('<nil>', key, problems.join('; '))))
    const next = this.#peek()
    if (negated) return labelRequirement(key, '!', [])
    if (next.type === 'end' || next.type === ',') return labelRequirement(key, 'exists', [])
    const operator = this.#operator()
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()]
    return labelRequirement(key, operator, [...new Set(values)].sort())
  }

  #operator(): SelectorOperator {
    const token = this.#tokens[this.#at++] ?? { type: 'end', text: '' }
    switch (token.type) {
      case 'in':
      case 'notin':
      case '=':
      case '==':
      case '!=':
        return token.type
      case '>':
        return 'gt'
      case '<':
        return 'lt'
      default:
        return refuseSelector(`found '${token.text}', expected: ${binaryOperators.join(', ')}`)
    }
  }

  #values(): string[] {
    const open = this.#take()
    if (open.type !== '(') refuseSelector(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.type === ')') {
      this.#take()
      return ['']
    }
    if (first.type !== 'identifier' && first.type !== ',') refuseSelector(`found '${first.text}', expected: ',', ')' or identifier`)
    const values: string[] = []
    for (;;) {
      const token = this.#take()
      if (token.type === 'identifier') {
        values.push(token.text)
        const next = this.#peek()
        if (next.type === ')') break
        if (next.type !== ',') refuseSelector(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.type === ',') {
        // Nothing before, between or after commas is the empty value.
        if (values.length === 0) values.push('')
        const next = this.#peek()
        if (next.type === ')') {
          values.push('')
          break
        }
        if (next.type === ',') {
          this.#take()
          values.push('')
        }
      } else refuseSelector(`found '${token.text}', expected: ',', or identifier`)
    }
    this.#take()
    return values
  }

  #exactValue(): string {
    const next = this.#peek()
    if (next.type === 'end' || next.type === ',') return ''
    this.#take()
    return next.type === 'identifier' ? next.text : refuseSelector(`found '${next.text}', expected: identifier`)
  }
}

export function refuseSelector(message: string): never {
  throw new SelectorError(message)
}

/** Validates as upstream's NewRequirement. */
export function labelRequirement(key: string, operator: SelectorOperator, values: readonly string[]): LabelRequirement {
  const errors: string[] = []
  const problems = qualifiedName(key)
  if (problems.length > 0) errors.push(formatFieldError(invalidValue('key', key, problems.join('; '))))
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    errors.push(formatFieldError(invalidValue('values', values, "for 'in', 'notin' operators, values set can't be empty")))
  }
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    errors.push(formatFieldError(invalidValue('values', values, 'values set must be empty for exists and does not exist')))
  }
  values.forEach((value, index) => {
    if ((operator === 'gt' || operator === 'lt') && integer(value) === undefined) {
      errors.push(formatFieldError(invalidValue(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")))
    }
  })
  values.forEach((value, index) => {
    const valueProblems = labelValue(value)
    if (valueProblems.length > 0) errors.push(formatFieldError(invalidValue(`values[${index}][${key}]`, value, valueProblems.join('; '))))
  })
  if (errors.length > 0) refuseSelector(aggregated(errors))
  return { key, operator, values }
}

/** 64 bits; undefined for any other text. A label has at most 63 characters, and compared values are validated as labels. */
export function integer(text: string): bigint | undefined {
  return /^[+-]?\d{1,63}$/.test(text) ? int64Of(text) : undefined
}
