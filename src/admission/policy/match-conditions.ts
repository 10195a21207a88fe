// Match conditions of policies and webhooks: all must be true for the policy or webhook to handle a request.
import { matchConditionsBudget } from '../../api/cel/kubernetes/limits.ts'
import { aggregated } from '../../api/go-text/aggregate-message.ts'
import type { MatchCondition } from '../../api/types/admissionregistration-v1.ts'
import { type Bindings, Budget, compileExpression, type Expression, evaluated, OutOfBudget } from './expression.ts'
import type { Meter } from './meter.ts'
import type { CompiledVariables } from './variables.ts'

export type Conditions = readonly Expression[]

export function compileConditions(
  conditions: readonly MatchCondition[] | undefined,
  params: boolean,
  types?: CompiledVariables['types'],
): Conditions {
  const scope = { params, authorizer: true, stored: true, ...(types === undefined ? {} : { variables: types }) }
  return (conditions ?? []).map(({ expression }) => compileExpression(expression, 'condition', scope))
}

export type ConditionsVerdict =
  | { readonly met: true }
  /** `error` if the conditions could not be evaluated: then the failure policy applies. */
  | { readonly met: false; readonly error?: string }

const met: ConditionsVerdict = { met: true }

/** One false condition decides, even if others fail. `bindingsWithin` creates the variables within the budget of the conditions. */
export async function evaluateConditions(
  conditions: Conditions,
  meter: Meter,
  bindingsWithin: (budget: Budget) => Bindings,
): Promise<ConditionsVerdict> {
  if (conditions.length === 0) return met
  const budget = new Budget(matchConditionsBudget, meter)
  const bindings = bindingsWithin(budget)
  const errors: string[] = []
  try {
    for (const condition of conditions) {
      const outcome = await evaluated(condition, bindings, budget)
      if ('error' in outcome) errors.push(outcome.error)
      else if (outcome.value === false) return { met: false }
    }
  } catch (err) {
    if (err instanceof OutOfBudget) return { met: false, error: err.message }
    throw err
  }
  if (errors.length === 0) return met
  return { met: false, error: aggregated(errors) }
}
