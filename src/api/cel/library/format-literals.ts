// Checks format() with a literal pattern and arguments: mistakes are reported when the expression is written.
import type { Checked } from '../check/checker.ts'
import type { Issue } from '../issue.ts'
import type { Expr } from '../syntax/ast.ts'
import { Failure, fail } from '../values/failure.ts'
import { type CelType, dyn } from '../values/type.ts'
import { type Clause, eachClause } from './format.ts'

/** A mistake in an argument, not in the pattern. */
class WrongArgument extends Failure {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

export function* formatLiterals(checked: Checked): Generator<Issue> {
  for (const [{ offset }, { name, args }] of checked.calls) {
    const [pattern, list] = args
    if (name !== 'format' || pattern?.kind !== 'literal' || typeof pattern.value !== 'string' || list?.kind !== 'list') continue
    const message = complaint(checked, pattern.value, list.items)
    if (message !== undefined) yield { offset: message instanceof WrongArgument ? message.offset : offset, message: message.message }
  }
}

function complaint(checked: Checked, pattern: string, items: readonly Expr[]): Failure | undefined {
  let seen = 0
  try {
    eachClause(pattern, (clause, index) => {
      seen++
      const item = items[index]
      if (item === undefined) return fail(`index ${index} out of range`)
      checkArgument(checked, clause, item)
      return ''
    })
  } catch (err) {
    if (err instanceof Failure) return err
    throw err
  }
  if (items.length <= seen) return undefined
  return new Failure(`too many arguments supplied to string.format (expected ${seen}, got ${items.length})`)
}

function checkArgument(checked: Checked, clause: Clause, item: Expr): void {
  const type = checked.types.get(item) ?? dyn
  const kind = kindOfType(type)
  if (kind !== 'dyn' && ![...clause.kinds].some(allowed => allowed === kind)) {
    throw new WrongArgument(`error during formatting: ${clause.refusal}, was given ${type.name}`, item.offset)
  }
  if (!clause.kinds.has('list')) return
  const inner = item.kind === 'list' ? item.items : item.kind === 'map' ? item.entries.flatMap(({ key, value }) => [key, value]) : []
  for (const part of inner) checkArgument(checked, clause, part)
}

const kindOfType = ({ kind }: CelType): string => (kind === 'param' ? 'dyn' : kind)
