// Compiles a ValidatingAdmissionPolicy, and evaluates it for one request with one set of parameters.

import { maxMessageBytes, requestBudget } from '../../api/cel/kubernetes/limits.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import { typeNameOf } from '../../api/cel/values/values.ts'
import type { AuditAnnotation, ValidatingAdmissionPolicySpec, Validation } from '../../api/types/admissionregistration-v1.ts'
import { type Bindings, Budget, compileExpression, type Expression, evaluated, OutOfBudget } from './expression.ts'
import { type Conditions, compileConditions, evaluateConditions } from './match-conditions.ts'
import type { Meter } from './meter.ts'
import { type PolicyInput, policyBindings } from './policy-bindings.ts'
import type { FoundRequest } from './request-view.ts'
import { type CompiledVariables, compileVariables } from './variables.ts'

interface CompiledValidation {
  readonly validation: Validation
  readonly condition: Expression
  readonly message: Expression | undefined
}

export interface CompiledPolicy {
  readonly failsClosed: boolean
  readonly variables: CompiledVariables
  readonly conditions: Conditions
  readonly validations: readonly CompiledValidation[]
  readonly annotations: readonly { readonly annotation: AuditAnnotation; readonly value: Expression }[]
}

export function compilePolicy(spec: ValidatingAdmissionPolicySpec): CompiledPolicy {
  const params = spec.paramKind !== undefined
  const variables = compileVariables(spec.variables ?? [], params)
  const scope = { params, authorizer: true, stored: true, variables: variables.types }
  return {
    failsClosed: spec.failurePolicy !== 'Ignore',
    variables,
    conditions: compileConditions(spec.matchConditions, params, variables.types),
    validations: (spec.validations ?? []).map(validation => ({
      validation,
      condition: compileExpression(validation.expression, 'condition', scope),
      message: validation.messageExpression
        ? compileExpression(validation.messageExpression, 'message', { ...scope, authorizer: false })
        : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map(annotation => ({
      annotation,
      value: compileExpression(annotation.valueExpression, 'annotation', scope),
    })),
  }
}

export interface Failure {
  /** Index of the validation; 0 if the policy as a whole failed. */
  readonly index: number
  readonly message: string
  readonly reason: string
}

export interface PolicyResult {
  /** Violated validations, and errors if the policy fails closed. */
  readonly failures: readonly Failure[]
  readonly annotations: readonly { readonly key: string; readonly value: string }[]
  /** Failed audit annotations, if the policy fails closed: they refuse the request whatever the binding's actions are. */
  readonly annotationErrors: readonly string[]
}

const nothing: PolicyResult = { failures: [], annotations: [], annotationErrors: [] }

/** Other requests have their turn in between. */
export async function evaluatePolicy(
  policy: CompiledPolicy,
  input: PolicyInput & { readonly request: FoundRequest },
  meter: Meter,
): Promise<PolicyResult> {
  if (policy.conditions.length > 0) {
    const unplaced = { ...input, request: input.request.inConditions, namespaceObject: undefined }
    const conditions = await evaluateConditions(policy.conditions, meter, budget => policyBindings(policy.variables, unplaced, budget))
    if (!conditions.met) return conditions.error === undefined ? nothing : failed(policy, conditions.error)
  }
  try {
    const budget = new Budget(requestBudget, meter)
    const bindings = policyBindings(policy.variables, input, budget)
    const failures: Failure[] = []
    for (const [index, validation] of policy.validations.entries()) {
      const failure = await evaluate(policy, validation, index, bindings, budget)
      if (failure !== undefined) failures.push(failure)
    }
    if (policy.annotations.length === 0) return { ...nothing, failures }
    // Upstream gives annotations a budget of their own.
    const more = new Budget(requestBudget, meter)
    const annotated = await annotate(policy, policyBindings(policy.variables, input, more), more)
    return { failures, ...annotated }
  } catch (err) {
    if (err instanceof OutOfBudget) return failed(policy, err.message)
    throw err
  }
}

const failed = ({ failsClosed }: CompiledPolicy, message: string): PolicyResult =>
  failsClosed ? { ...nothing, failures: [{ index: 0, message, reason: '' }] } : nothing

async function evaluate(
  { failsClosed }: CompiledPolicy,
  { validation, condition, message }: CompiledValidation,
  index: number,
  bindings: Bindings,
  budget: Budget,
): Promise<Failure | undefined> {
  const outcome = await evaluated(condition, bindings, budget)
  if ('error' in outcome) return failsClosed ? { index, message: outcome.error, reason: '' } : undefined
  if (outcome.value === true) return undefined
  const said = await shown(message, bindings, budget)
  const text = said || validation.message?.trim() || `failed expression: ${validation.expression.trim()}`
  return { index, message: text, reason: validation.reason ?? 'Invalid' }
}

/** The value of a message expression; '' if it cannot be shown in one line. Evaluated only if its validation is violated. */
async function shown(expression: Expression | undefined, bindings: Bindings, budget: Budget): Promise<string> {
  if (expression === undefined) return ''
  const outcome = await evaluated(expression, bindings, budget)
  if ('error' in outcome || typeof outcome.value !== 'string') return ''
  const text = outcome.value.trim()
  return Buffer.byteLength(text) > maxMessageBytes || text.includes('\n') ? '' : text
}

async function annotate(policy: CompiledPolicy, bindings: Bindings, budget: Budget): Promise<Omit<PolicyResult, 'failures'>> {
  const annotations: { key: string; value: string }[] = []
  const annotationErrors: string[] = []
  for (const { annotation, value } of policy.annotations) {
    const outcome = await evaluated(value, bindings, budget)
    const error = 'error' in outcome ? outcome.error : wrongType(annotation, outcome.value)
    if (error !== undefined) {
      if (policy.failsClosed) annotationErrors.push(error)
    } else if ('value' in outcome && typeof outcome.value === 'string' && outcome.value.trim() !== '') {
      annotations.push({ key: annotation.key, value: outcome.value.trim() })
    }
  }
  return { annotations, annotationErrors }
}

function wrongType({ valueExpression }: AuditAnnotation, value: CelValue): string | undefined {
  if (value === null || typeof value === 'string') return undefined
  return `valueExpression '${valueExpression}' resulted in unsupported return type: ${typeNameOf(value)}. Return type must be either string or null.`
}
