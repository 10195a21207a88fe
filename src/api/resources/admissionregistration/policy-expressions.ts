// The scopes in which a policy's expressions are compiled: its parameters, its preceding variables, and its stored expressions.

import type { AdmissionScope, MutationUse } from '../../cel/kubernetes/admission.ts'
import { typeOfVariable } from '../../cel/kubernetes/admission-types.ts'
import type { CelType } from '../../cel/values/type.ts'
import type { FieldError } from '../../field-error.ts'
import type { ValidatingAdmissionPolicySpec } from '../../types/admissionregistration-v1.ts'
import type { MutatingAdmissionPolicySpec, Mutation } from '../../types/admissionregistration-v1alpha1.ts'
import { checkExpression } from './expression.ts'
import { conditionExpressions } from './match-condition.ts'

/** For a validating or a mutating policy. */
export type PolicySpec = ValidatingAdmissionPolicySpec & Pick<MutatingAdmissionPolicySpec, 'mutations'>

export class PolicyExpressions {
  readonly params: boolean
  readonly storedConditions: ReadonlySet<string>
  readonly #variables = new Map<string, CelType>()
  readonly #storedValidations: ReadonlySet<string>
  readonly #storedMessages: ReadonlySet<string>
  readonly #storedAnnotations: ReadonlySet<string>
  readonly #storedMutations: ReadonlySet<string>

  constructor(spec: PolicySpec, old: PolicySpec | undefined) {
    this.params = spec.paramKind !== undefined
    this.storedConditions = new Set(conditionExpressions(old?.matchConditions))
    this.#storedValidations = new Set(old?.validations?.map(({ expression }) => expression))
    this.#storedMessages = new Set(old?.validations?.map(({ messageExpression = '' }) => messageExpression))
    this.#storedAnnotations = new Set(old?.auditAnnotations?.map(({ valueExpression }) => valueExpression))
    this.#storedMutations = new Set(old?.mutations?.flatMap(mutationExpressions))
  }

  /** Compiles a variable; later expressions may use it, as dyn if it does not compile. */
  variable(name: string, expression: string, field: string, errors: FieldError[]): void {
    const type = checkExpression(expression, 'variable', this.#scope(this.#storedValidations.has(expression), true), field, errors)
    this.#variables.set(name, typeOfVariable(type))
  }

  validation(expression: string, field: string, errors: FieldError[]): void {
    checkExpression(expression, 'condition', this.#scope(this.#storedValidations.has(expression), true), field, errors)
  }

  /** A message must not use the authorizer. */
  message(expression: string, field: string, errors: FieldError[]): void {
    checkExpression(expression, 'message', this.#scope(this.#storedMessages.has(expression), false), field, errors)
  }

  annotation(expression: string, field: string, errors: FieldError[]): void {
    const scope = this.#scope(this.#storedAnnotations.has(expression), true)
    checkExpression(expression.trim(), 'annotation', scope, field, errors, expression)
  }

  mutation(expression: string, use: MutationUse, field: string, errors: FieldError[]): void {
    const scope = this.#scope(this.#storedMutations.has(expression), true)
    checkExpression(expression.trim(), use, scope, field, errors, expression)
  }

  #scope(stored: boolean, authorizer: boolean): AdmissionScope {
    return { params: this.params, authorizer, stored, variables: this.#variables }
  }
}

const mutationExpressions = ({ applyConfiguration, jsonPatch }: Mutation): string[] => [
  ...(applyConfiguration?.expression === undefined ? [] : [applyConfiguration.expression]),
  ...(jsonPatch?.expression === undefined ? [] : [jsonPatch.expression]),
]
