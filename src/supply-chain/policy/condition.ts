// Conditions over an attestation, in CEL.

import { type Environment, Program } from '../../api/cel/environment.ts'
import { CelCompileError } from '../../api/cel/issue.ts'
import { storedExpressions } from '../../api/cel/kubernetes/base.ts'
import { perCallLimit, requestBudget, requestWork } from '../../api/cel/kubernetes/limits.ts'
import { CelEvaluationError, CelProgramError } from '../../api/cel/values/failure.ts'
import { bool, dyn, list, map, string } from '../../api/cel/values/type.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import { UserError } from '../../base/user-error.ts'

export const maxExpressionLength = 4096

export interface Condition {
  readonly expression: string
  readonly message: string | undefined
  readonly program: Program
}

/** The variables of a condition. */
export interface ConditionInput {
  readonly predicate: unknown
  readonly subject: readonly unknown[]
  readonly image: { readonly digest: string; readonly repository: string }
}

let environment: Environment | undefined

/** Throws a UserError that begins with `where`. */
export function compileCondition(expression: string, message: string | undefined, where: string): Condition {
  if (expression.length > maxExpressionLength) throw new UserError(`${where} must have at most ${maxExpressionLength} characters`)
  environment ??= storedExpressions().extend([
    { name: 'predicate', type: dyn },
    { name: 'subject', type: list(dyn) },
    { name: 'image', type: map(string, string) },
  ])
  try {
    const checked = environment.compile(expression)
    if (checked.type.kind !== bool.kind) throw new UserError(`${where} must be true or false; it is of type ${checked.type.name}`)
    return { expression, message, program: new Program(checked) }
  } catch (err) {
    if (err instanceof CelCompileError || err instanceof CelProgramError) throw new UserError(`${where}: ${err.message}`, { cause: err })
    throw err
  }
}

/** What the conditions of all policies may cost for one image: as much as the policies of the API for one request. */
export class ConditionBudget {
  #cost = 0
  #work = 0

  spend({ cost, work }: { readonly cost: number; readonly work: number }): void {
    this.#cost += cost
    this.#work += work
  }

  get isSpent(): boolean {
    return this.#cost > requestBudget || this.#work > requestWork
  }
}

/** Undefined if the condition is true, else why it is not. */
export function unmetCondition(
  { expression, message, program }: Condition,
  input: ConditionInput,
  budget: ConditionBudget,
): string | undefined {
  if (budget.isSpent) return 'the conditions of all policies together cost too much'
  const { predicate, subject, image } = input
  try {
    const evaluation = program.evaluate({ predicate: toCel(predicate), subject: [...subject].map(toCel), image }, perCallLimit)
    budget.spend(evaluation)
    return evaluation.value === true ? undefined : (message ?? `"${expression}" is false`)
  } catch (err) {
    if (!(err instanceof CelEvaluationError)) throw err
    budget.spend(err)
    return `"${expression}" cannot be evaluated: ${err.message}`
  }
}

/** Decoded JSON is a value as it is. */
const toCel = (value: unknown): CelValue => value as CelValue
