// A ValidatingAdmissionPolicy as programs, and what they decide about one request with one set of parameters.

import type { CelValue } from '../../api/cel/evaluate/values.ts'
import { typeNameOf } from '../../api/cel/evaluate/values.ts'
import { maxMessageBytes, requestBudget } from '../../api/cel/kubernetes/limits.ts'
import type { AuditAnnotation, ValidatingAdmissionPolicySpec, Validation } from '../../api/types/admissionregistration-v1.ts'
import { type Bindings, Budget, compileExpression, type Expression, evaluate, OutOfBudget } from './expression.ts'
import { type Conditions, compileConditions, judgeConditions } from './match-conditions.ts'
import type { RequestVariables } from './request-view.ts'
import { type CompiledVariables, compileVariables, Variables } from './variables.ts'

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
  const typed = variables.types === undefined ? {} : { variables: variables.types }
  const scope = { params, authorizer: true, stored: true, ...typed }
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
  /** Of the validation; 0 where the policy as a whole failed. */
  readonly index: number
  readonly message: string
  readonly reason: string
}

export interface PolicyResult {
  /** Validations that do not hold, and errors where the policy fails closed. */
  readonly failures: readonly Failure[]
  readonly annotations: readonly { readonly key: string; readonly value: string }[]
  /** Audit annotations that failed, where the policy fails closed: they refuse whatever the binding's actions are. */
  readonly annotationErrors: readonly string[]
  /** What it cost, in units of CEL's cost. */
  readonly cost: number
}

/** What the variables of one evaluation come from. */
export interface PolicyInput {
  readonly request: RequestVariables
  /** Undefined where the binding gives none. */
  readonly params: CelValue | undefined
  /** Undefined for what is in no namespace. */
  readonly namespaceObject: CelValue | undefined
}

const nothing: Omit<PolicyResult, 'cost'> = { failures: [], annotations: [], annotationErrors: [] }

export function evaluatePolicy(policy: CompiledPolicy, input: PolicyInput): PolicyResult {
  const budgets: Budget[] = []
  const within = (budget: Budget, given = input): Bindings => {
    budgets.push(budget)
    return bind(policy, given, budget)
  }
  const result = judgeAll(policy, input, within)
  return { ...result, cost: budgets.reduce((sum, { spent }) => sum + spent, 0) }
}

function judgeAll(
  policy: CompiledPolicy,
  input: PolicyInput,
  within: (budget: Budget, given?: PolicyInput) => Bindings,
): Omit<PolicyResult, 'cost'> {
  const conditions = judgeConditions(policy.conditions, budget => within(budget, { ...input, namespaceObject: undefined }))
  if (!conditions.met) return conditions.error === undefined ? nothing : failed(policy, conditions.error)
  try {
    const budget = new Budget(requestBudget)
    const bindings = within(budget)
    const failures = policy.validations.flatMap((validation, index) => judge(policy, validation, index, bindings, budget))
    if (policy.annotations.length === 0) return { ...nothing, failures }
    // Upstream lets annotations cost as much again.
    const more = new Budget(requestBudget)
    return { failures, ...annotate(policy, within(more), more) }
  } catch (err) {
    if (err instanceof OutOfBudget) return failed(policy, err.message)
    throw err
  }
}

const failed = ({ failsClosed }: CompiledPolicy, message: string): Omit<PolicyResult, 'cost'> =>
  failsClosed ? { ...nothing, failures: [{ index: 0, message, reason: '' }] } : nothing

function bind({ variables }: CompiledPolicy, { request, params, namespaceObject }: PolicyInput, budget: Budget): Bindings {
  const bindings: Bindings = {
    object: request.object,
    oldObject: request.oldObject,
    namespaceObject: namespaceObject ?? null,
    params: params ?? null,
    variables: variables.types === undefined ? null : new Variables(variables, () => bindings, budget),
    // These cost something to make.
    get request() {
      return request.request
    },
    get authorizer() {
      return request.authorizer
    },
    get 'authorizer.requestResource'() {
      return request['authorizer.requestResource']
    },
  }
  return bindings
}

function judge(
  { failsClosed }: CompiledPolicy,
  { validation, condition, message }: CompiledValidation,
  index: number,
  bindings: Bindings,
  budget: Budget,
): readonly Failure[] {
  const outcome = evaluate(condition, bindings, budget)
  if ('error' in outcome) return failsClosed ? [{ index, message: outcome.error, reason: '' }] : []
  if (outcome.value === true) return []
  const text = shown(message, bindings, budget) || validation.message?.trim() || `failed expression: ${validation.expression.trim()}`
  return [{ index, message: text, reason: validation.reason ?? 'Invalid' }]
}

/** What a message expression says; '' where that is nothing that can be shown in one line. It is asked only where its validation does not hold. */
function shown(expression: Expression | undefined, bindings: Bindings, budget: Budget): string {
  if (expression === undefined) return ''
  const outcome = evaluate(expression, bindings, budget)
  if ('error' in outcome || typeof outcome.value !== 'string') return ''
  const text = outcome.value.trim()
  return Buffer.byteLength(text) > maxMessageBytes || text.includes('\n') ? '' : text
}

function annotate(policy: CompiledPolicy, bindings: Bindings, budget: Budget): Omit<PolicyResult, 'failures' | 'cost'> {
  const annotations: { key: string; value: string }[] = []
  const annotationErrors: string[] = []
  for (const { annotation, value } of policy.annotations) {
    const outcome = evaluate(value, bindings, budget)
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
