// Match conditions of authorization webhooks: expressions over `request`, which is the spec of the SubjectAccessReview that would be sent.
import { bool, type CelType, formatType, list, map, objectType, sameType, string } from '../check/type.ts'
import { type Environment, Program } from '../environment.ts'
import { CelEvaluationError, CelProgramError } from '../evaluate/failure.ts'
import type { CelValue } from '../evaluate/values.ts'
import { CelCompileError } from '../issue.ts'
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

let environment: Environment | undefined

export type AccessCondition =
  | { readonly ok: true; holds(request: CelValue): boolean }
  /** `internal` where the expression is well-formed and can yet not be made a program. */
  | { readonly ok: false; readonly internal: boolean; readonly detail: string }

/** `holds` throws `CelEvaluationError`, nothing else. */
export function compileAccessCondition(expression: string): AccessCondition {
  environment ??= storedExpressions().extend([{ name: 'request', type: requestType }])
  try {
    const checked = environment.compile(expression)
    if (!sameType(checked.type, bool))
      return { ok: false, internal: false, detail: `must evaluate to bool but got ${formatType(checked.type)}` }
    const program = new Program(checked)
    return { ok: true, holds: request => truth(program.evaluate({ request }, perCallLimit).value) }
  } catch (err) {
    if (err instanceof CelCompileError) return { ok: false, internal: false, detail: `compilation failed: ${err.message}` }
    if (err instanceof CelProgramError) return { ok: false, internal: true, detail: `program instantiation failed: ${err.message}` }
    throw err
  }
}

/** The compiler has made sure of it; what is none must not count as one that holds. */
function truth(value: CelValue): boolean {
  if (typeof value === 'boolean') return value
  throw new CelEvaluationError('eval result type should be bool', false, { cost: 0, work: 0 })
}
