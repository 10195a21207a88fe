// Match conditions of authorization webhooks: expressions over `request`, the spec of the SubjectAccessReview to send.

import { type Environment, type Evaluation, maxWork, Program } from '../environment.ts'
import { CelCompileError } from '../issue.ts'
import { CelEvaluationError, CelProgramError } from '../values/failure.ts'
import { bool, type CelType, formatType, list, map, objectType, sameType, string } from '../values/type.ts'
import type { CelValue } from '../values/values.ts'
import { storedExpressions } from './base.ts'
import { perCallLimit } from './limits.ts'

function object(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  const byName = new Map(Object.entries(fields))
  return objectType(name, field => byName.get(field))
}

const strings = list(string)
const requirement = object('kubernetes.SelectorRequirement', { key: string, operator: string, values: strings })
const selector = (name: string) => object(name, { rawSelector: string, requirements: list(requirement) })

const requestType = object('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: object('kubernetes.ResourceAttributes', {
    namespace: string,
    verb: string,
    group: string,
    version: string,
    resource: string,
    subresource: string,
    name: string,
    fieldSelector: selector('kubernetes.FieldSelectorAttributes'),
    labelSelector: selector('kubernetes.LabelSelectorAttributes'),
  }),
  nonResourceAttributes: object('kubernetes.NonResourceAttributes', { path: string, verb: string }),
  user: string,
  groups: strings,
  extra: map(string, strings),
  uid: string,
})

/** The remaining cost in upstream's units, and the remaining work, of the conditions of all webhooks for one decision. */
export interface AccessBudget {
  cost: number
  work: number
}

/** The limit of one evaluation: conditions run in one turn of the event loop. */
export const accessBudget = (): AccessBudget => ({ cost: perCallLimit, work: maxWork })

let environment: Environment | undefined

export type AccessCondition =
  | { readonly ok: true; holds(request: CelValue, budget: AccessBudget): boolean }
  /** `internal` if the expression is well-formed but cannot be made a program. */
  | { readonly ok: false; readonly internal: boolean; readonly detail: string }

/** `holds` throws only `CelEvaluationError`, and charges the budget. */
export function compileAccessCondition(expression: string): AccessCondition {
  environment ??= storedExpressions().extend([{ name: 'request', type: requestType }])
  try {
    const checked = environment.compile(expression)
    if (!sameType(checked.type, bool))
      return { ok: false, internal: false, detail: `must evaluate to bool but got ${formatType(checked.type)}` }
    const program = new Program(checked)
    return { ok: true, holds: (request, budget) => evaluateWithin(program, request, budget) }
  } catch (err) {
    if (err instanceof CelCompileError) return { ok: false, internal: false, detail: `compilation failed: ${err.message}` }
    if (err instanceof CelProgramError) return { ok: false, internal: true, detail: `program instantiation failed: ${err.message}` }
    throw err
  }
}

function evaluateWithin(program: Program, request: CelValue, budget: AccessBudget): boolean {
  if (budget.cost <= 0 || budget.work <= 0)
    throw new CelEvaluationError('operation cancelled: the match conditions of this request cost too much', true, { cost: 0, work: 0 })
  const spend = ({ cost, work }: Pick<Evaluation, 'cost' | 'work'>): void => {
    budget.cost -= cost
    budget.work -= work
  }
  try {
    const evaluation = program.evaluate({ request }, budget.cost)
    spend(evaluation)
    return truth(evaluation.value)
  } catch (err) {
    if (err instanceof CelEvaluationError) spend(err)
    throw err
  }
}

/** The compiler ensures a bool; any other value must not count as true. */
function truth(value: CelValue): boolean {
  if (typeof value === 'boolean') return value
  throw new CelEvaluationError('eval result type should be bool', false, { cost: 0, work: 0 })
}
