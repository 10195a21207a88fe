// Label and field selectors: read in upstream's grammar with upstream's errors, compiled to a matcher and to exact pairs that indexes can use.

import { formatFieldError, invalidValue } from './field-error.ts'
import type { FieldSelection } from './field-selector.ts'
import { badRequest } from './status.ts'
import { labelValue, qualifiedName } from './validation/names.ts'

export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: SelectorOperator
  readonly values: readonly string[]
}

type Labels = Readonly<Record<string, string>>

/** A compiled label selector. `exact` are pairs that every matching object has. */
export interface LabelSelection {
  readonly requirements: readonly LabelRequirement[]
  readonly exact: readonly (readonly [string, string])[]
  matches(labels: Labels | undefined): boolean
}

/** The `labelSelector` of a query. Throws a 400 with upstream's words. */
export function parseLabelSelector(text: string): LabelSelection {
  try {
    return compileLabelRequirements(new Parser(lex(text)).parse())
  } catch (err) {
    if (err instanceof SelectorError) throw badRequest(err.message)
    throw err
  }
}

class SelectorError extends Error {}

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

  /** Words like `in` are keys and values where no operator can stand. */
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
      if (next.type !== 'identifier' && next.type !== '!') fail(`found '${next.text}', expected: !, identifier, or 'end of string'`)
      requirements.push(this.#requirement())
      const separator = this.#take()
      if (separator.type === 'end') break
      if (separator.type !== ',') fail(`found '${separator.text}', expected: ',' or 'end of string'`)
      const after = this.#peek()
      if (after.type !== 'identifier' && after.type !== '!') fail(`found '${after.text}', expected: identifier after ','`)
    }
    return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  }

  #requirement(): LabelRequirement {
    try {
      return this.#readRequirement()
    } catch (err) {
      if (err instanceof SelectorError) fail(`unable to parse requirement: ${err.message}`)
      throw err
    }
  }

  #readRequirement(): LabelRequirement {
    let token = this.#take()
    const negated = token.type === '!'
    if (negated) token = this.#take()
    if (token.type !== 'identifier') fail(`found '${token.text}', expected: identifier`)
    const key = token.text
    const problems = qualifiedName(key)
    if (problems.length > 0) fail(formatFieldError(invalidValue('<nil>', key, problems.join('; '))))
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
        return fail(`found '${token.text}', expected: ${binaryOperators.join(', ')}`)
    }
  }

  #values(): string[] {
    const open = this.#take()
    if (open.type !== '(') fail(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.type === ')') {
      this.#take()
      return ['']
    }
    if (first.type !== 'identifier' && first.type !== ',') fail(`found '${first.text}', expected: ',', ')' or identifier`)
    const values: string[] = []
    for (;;) {
      const token = this.#take()
      if (token.type === 'identifier') {
        values.push(token.text)
        const next = this.#peek()
        if (next.type === ')') break
        if (next.type !== ',') fail(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.type === ',') {
        // Nothing before, between or behind commas is the empty value.
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
      } else fail(`found '${token.text}', expected: ',', or identifier`)
    }
    this.#take()
    return values
  }

  #exactValue(): string {
    const next = this.#peek()
    if (next.type === 'end' || next.type === ',') return ''
    this.#take()
    return next.type === 'identifier' ? next.text : fail(`found '${next.text}', expected: identifier`)
  }
}

function fail(message: string): never {
  throw new SelectorError(message)
}

/** Judges as upstream's NewRequirement. */
function labelRequirement(key: string, operator: SelectorOperator, values: readonly string[]): LabelRequirement {
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
  if (errors.length > 0) fail(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`)
  return { key, operator, values }
}

function integer(text: string): bigint | undefined {
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined
}

/** The LabelSelector of objects; the part of meta/v1's type that matters here. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

const objectOperators: Record<string, SelectorOperator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

const nothing: LabelSelection = { requirements: [], exact: [], matches: () => false }

/**
 * Compiles the LabelSelector of an object: an absent one matches nothing, an empty one everything.
 * Throws an Error with upstream's words where it is not valid; validated objects have valid ones.
 */
export function compileLabelSelector(selector: LabelSelectorObject | null | undefined): LabelSelection {
  if (selector === null || selector === undefined) return nothing
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => labelRequirement(key, '=', [value]))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(objectOperators, operator) ? objectOperators[operator] : undefined
    if (known === undefined) fail(`${JSON.stringify(operator)} is not a valid label selector operator`)
    else requirements.push(labelRequirement(key, known, values))
  }
  return compileLabelRequirements(requirements)
}

export function compileLabelRequirements(requirements: readonly LabelRequirement[]): LabelSelection {
  const tests = requirements.map(labelTest)
  return {
    requirements,
    exact: requirements.flatMap(({ key, operator, values: [value, second] }): [string, string][] =>
      isEquality(operator) && value !== undefined && second === undefined ? [[key, value]] : [],
    ),
    matches: (labels = {}) => tests.every(test => test(labels)),
  }
}

function isEquality(operator: SelectorOperator): boolean {
  return operator === '=' || operator === '==' || operator === 'in'
}

function labelTest({ key, operator, values }: LabelRequirement): (labels: Labels) => boolean {
  const [only] = values
  const wanted = new Set(values)
  const has = (labels: Labels): boolean => Object.hasOwn(labels, key)
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return labels => has(labels) && wanted.has(labels[key] ?? '')
    case '!=':
    case 'notin':
      return labels => !has(labels) || !wanted.has(labels[key] ?? '')
    case 'exists':
      return has
    case '!':
      return labels => !has(labels)
    case 'gt':
    case 'lt': {
      const bound = integer(only ?? '') ?? 0n
      return labels => {
        const value = has(labels) ? integer(labels[key] ?? '') : undefined
        return value !== undefined && (operator === 'gt' ? value > bound : value < bound)
      }
    }
  }
}

/** The canonical text of a label selector, as upstream prints it. */
export function formatLabelSelector({ requirements }: LabelSelection): string {
  return requirements.map(formatLabelRequirement).join(',')
}

function formatLabelRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`
    case 'gt':
      return `${key}>${values[0] ?? ''}`
    case 'lt':
      return `${key}<${values[0] ?? ''}`
    default:
      return `${key}${operator}${values[0] ?? ''}`
  }
}

interface Selectable {
  readonly labels: Labels
  readonly fields: Labels
}

/** Both selectors as the store wants them (`Selection` in src/store/store.ts); undefined where they select everything. */
export function combineSelectors(
  labels: LabelSelection | undefined,
  fields: FieldSelection | undefined,
): { exactLabels: LabelSelection['exact']; exactFields: FieldSelection['exact']; matches(entry: Selectable): boolean } | undefined {
  const byLabels = labels !== undefined && labels.requirements.length > 0 ? labels : undefined
  const byFields = fields !== undefined && fields.requirements.length > 0 ? fields : undefined
  if (byLabels === undefined && byFields === undefined) return undefined
  return {
    exactLabels: byLabels?.exact ?? [],
    exactFields: byFields?.exact ?? [],
    matches: entry => (byLabels?.matches(entry.labels) ?? true) && (byFields?.matches(entry.fields) ?? true),
  }
}
