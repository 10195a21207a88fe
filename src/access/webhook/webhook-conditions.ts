// Whether a webhook is called for a request: its match conditions, evaluated on the review that it would get.

import { type AccessBudget, accessBudget, compileAccessCondition } from '../../api/cel/kubernetes/access-review.ts'
import { CelEvaluationError } from '../../api/cel/values/failure.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import { aggregated } from '../../api/go-text/aggregate-message.ts'
import type { ReviewSpec, Selector } from './subject-access-review.ts'

/** `question` is the same for all webhooks that are asked about one request: their conditions share a budget. */
export type Matches = (spec: ReviewSpec, question: object) => { readonly met: boolean; readonly error?: string }

const budgets = new WeakMap<object, AccessBudget>()

function budgetOf(question: object): AccessBudget {
  const known = budgets.get(question)
  if (known !== undefined) return known
  const made = accessBudget()
  budgets.set(question, made)
  return made
}

/** The reader of the file has compiled the expressions. One false condition decides, even if others fail. */
export function compileMatches(expressions: readonly string[]): Matches {
  const conditions = expressions.map(expression => {
    const compiled = compileAccessCondition(expression)
    if (!compiled.ok) throw new Error(`a match condition does not compile: ${compiled.detail}`)
    return { expression, holds: compiled.holds }
  })
  return (spec, question) => {
    const budget = budgetOf(question)
    const errors: string[] = []
    const request = reviewed(spec)
    for (const { expression, holds } of conditions) {
      try {
        if (!holds(request, budget)) return { met: false }
      } catch (err) {
        if (!(err instanceof CelEvaluationError)) throw err
        errors.push(`cel evaluation error: expression '${expression}' resulted in error: ${err.message}`)
      }
    }
    return errors.length === 0 ? { met: true } : { met: false, error: aggregated(errors) }
  }
}

const noResource = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' }

/** Expressions also see empty values; a non-resource request has no resource attributes. */
function reviewed({ user = '', groups = [], uid = '', extra = {}, resourceAttributes, nonResourceAttributes }: ReviewSpec): CelValue {
  return {
    ...{ user, groups, uid, extra },
    ...(resourceAttributes === undefined ? {} : { resourceAttributes: resource(resourceAttributes) }),
    ...(nonResourceAttributes === undefined ? {} : { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
  }
}

function resource({ fieldSelector, labelSelector, ...texts }: NonNullable<ReviewSpec['resourceAttributes']>): CelValue {
  return {
    ...noResource,
    ...texts,
    ...(fieldSelector === undefined ? {} : { fieldSelector: whole(fieldSelector) }),
    ...(labelSelector === undefined ? {} : { labelSelector: whole(labelSelector) }),
  }
}

const whole = ({ requirements }: Selector): CelValue => ({
  requirements: requirements.map(({ values = [], ...rest }) => ({ ...rest, values })),
})
