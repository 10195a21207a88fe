// Literals that compile but always fail, or that mix types: reported when an expression is written, not when it runs.

import { CelCompileError, type Issue } from '../issue.ts'
import type { Expr, Literal } from '../syntax/ast.ts'
import { walk } from '../syntax/walk.ts'
import { Failure } from '../values/failure.ts'
import { compilePattern } from '../values/regex.ts'
import { makeDuration, makeTimestamp, nanosOfSeconds, parseDuration, parseTimestamp } from '../values/time.ts'
import { type CelType, dyn, formatType, sameType, unwrapOptional } from '../values/type.ts'
import type { Checked } from './checker.ts'

type Rule = (checked: Checked) => Iterable<Issue>
type LiteralValue = Literal['value']

/** Creates a validator of an environment from rules. */
export function literalRules(rules: readonly Rule[]): (checked: Checked) => void {
  return checked => {
    const issues = rules.flatMap(rule => [...rule(checked)])
    if (issues.length > 0) throw new CelCompileError(checked.source, issues)
  }
}

/** Functions whose lists may contain several types. */
const mixing = new Set(['format'])

/** Items of a list have one type, and so have keys and values of a map. */
export const homogeneousLiterals: Rule = ({ expr: root, types }) => {
  const issues: Issue[] = []
  const typeOf = (expr: Expr, optional: boolean): CelType => {
    const type = types.get(expr) ?? dyn
    return optional ? unwrapOptional(type) : type
  }
  walk(root, expr => {
    if (expr.kind === 'call') return !mixing.has(expr.name)
    if (expr.kind === 'list') {
      compareTypes(
        expr.items.map((item, index) => ({ expr: item, type: typeOf(item, expr.optional.has(index)) })),
        issues,
        1,
      )
    } else if (expr.kind === 'map') {
      // For a list, the first item of another type is reported; for a map, all keys and values.
      compareTypes(
        expr.entries.map(({ key }) => ({ expr: key, type: typeOf(key, false) })),
        issues,
      )
      compareTypes(
        expr.entries.map(({ value, optional }) => ({ expr: value, type: typeOf(value, optional) })),
        issues,
      )
    }
    return true
  })
  return issues
}

function compareTypes(items: readonly { expr: Expr; type: CelType }[], issues: Issue[], most = items.length): void {
  const [first] = items
  if (first === undefined) return
  for (const { expr, type } of items.filter(item => !sameType(item.type, first.type)).slice(0, most)) {
    issues.push({ offset: expr.offset, message: `expected type '${formatType(first.type)}' but found '${formatType(type)}'` })
  }
}

/** Checks the first argument of `target.name(…)` and `name(…)`. For `matches(text, pattern)`, as upstream, that is the text. */
const literalArgument = (name: string, isWrong: (value: LiteralValue) => boolean): Rule =>
  function* ({ calls }) {
    for (const [call, { name: called, args }] of calls) {
      const argument = called === name ? args[call.target === undefined ? 0 : 1] : undefined
      if (argument?.kind === 'literal' && isWrong(argument.value)) {
        yield { offset: argument.offset, message: `invalid ${name} argument` }
      }
    }
  }

/** Literal durations, timestamps and patterns are valid. */
export const literalArguments: readonly Rule[] = [
  literalArgument('duration', value => typeof value !== 'string' || isNoTime(parseDuration(value), makeDuration)),
  literalArgument('timestamp', value => isNoTime(nanosOf(value), makeTimestamp)),
  literalArgument('matches', value => typeof value === 'string' && failsToCompute(() => compilePattern(value))),
]

function nanosOf(value: LiteralValue): bigint | undefined {
  if (typeof value === 'string') return parseTimestamp(value)?.nanos
  return typeof value === 'number' || typeof value === 'bigint' ? nanosOfSeconds(value) : undefined
}

const isNoTime = (nanos: bigint | undefined, make: (nanos: bigint) => unknown): boolean =>
  nanos === undefined || failsToCompute(() => make(nanos))

function failsToCompute(compute: () => unknown): boolean {
  try {
    compute()
    return false
  } catch (err) {
    if (err instanceof Failure) return true
    throw err
  }
}
