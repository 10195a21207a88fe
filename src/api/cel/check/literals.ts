// Literals that compile and could only fail, or that mix types: found when an expression is written, not when it runs.
import { Failure } from '../evaluate/failure.ts'
import { compilePattern } from '../evaluate/regex.ts'
import { parseDuration, parseTimestamp } from '../evaluate/time.ts'
import { CelCompileError, type Issue } from '../issue.ts'
import type { Expr } from '../syntax/ast.ts'
import { walk } from '../syntax/walk.ts'
import type { Checked } from './checker.ts'
import { type CelType, dyn, formatType, sameType, unwrapOptional } from './type.ts'

type Rule = (checked: Checked) => Iterable<Issue>

/** Makes a validator of an environment from rules. */
export function literalRules(rules: readonly Rule[]): (checked: Checked) => void {
  return checked => {
    const issues = rules.flatMap(rule => [...rule(checked)])
    if (issues.length > 0) throw new CelCompileError(checked.source, issues)
  }
}

/** Functions whose lists may hold several types. */
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
      )
    } else if (expr.kind === 'map') {
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

function compareTypes(items: readonly { expr: Expr; type: CelType }[], issues: Issue[]): void {
  const [first] = items
  const other = first === undefined ? undefined : items.find(({ type }) => !sameType(type, first.type))
  if (first === undefined || other === undefined) return
  issues.push({ offset: other.expr.offset, message: `expected type '${formatType(first.type)}' but found '${formatType(other.type)}'` })
}

const literalArgument = (name: string, position: number, isWrong: (value: string) => boolean): Rule =>
  function* ({ calls }) {
    for (const { name: called, args } of calls.values()) {
      const argument = called === name ? args[position] : undefined
      if (argument?.kind === 'literal' && typeof argument.value === 'string' && isWrong(argument.value)) {
        yield { offset: argument.offset, message: `invalid ${name} argument` }
      }
    }
  }

/** Durations, timestamps and patterns that are written out can be read. */
export const literalArguments: readonly Rule[] = [
  literalArgument('duration', 0, text => parseDuration(text) === undefined),
  literalArgument('timestamp', 0, text => parseTimestamp(text) === undefined),
  literalArgument('matches', 1, isNoPattern),
]

function isNoPattern(text: string): boolean {
  try {
    compilePattern(text)
    return false
  } catch (err) {
    if (err instanceof Failure) return true
    throw err
  }
}
