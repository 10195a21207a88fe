// The `variables` of a policy: each is computed on first use, once for all expressions of one evaluation.

import { compileAdmission } from '../../api/cel/kubernetes/admission.ts'
import { typeOfVariable } from '../../api/cel/kubernetes/admission-types.ts'
import { perCallLimit } from '../../api/cel/kubernetes/limits.ts'
import { CelEvaluationError, fail } from '../../api/cel/values/failure.ts'
import type { CelType } from '../../api/cel/values/type.ts'
import { type CelValue, ObjectValue } from '../../api/cel/values/values.ts'
import type { Variable } from '../../api/types/admissionregistration-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { AnswerPending } from './answer-pending.ts'
import { type Bindings, type Budget, type Expression, whenPrepared } from './expression.ts'

export interface CompiledVariables {
  readonly types: ReadonlyMap<string, CelType>
  readonly byName: ReadonlyMap<string, Expression>
}

export function compileVariables(variables: readonly Variable[], params: boolean): CompiledVariables {
  const types = new Map<string, CelType>()
  const byName = new Map<string, Expression>()
  for (const { name, expression } of variables) {
    // Variables defined before it are available.
    const compiled = compileAdmission(expression, 'variable', { params, authorizer: true, stored: true, variables: new Map(types) })
    byName.set(name, {
      text: expression,
      program: compiled.ok ? compiled.program : undefined,
      problem: compiled.ok ? '' : compiled.detail,
    })
    types.set(name, typeOfVariable(compiled.ok ? compiled.type : undefined))
  }
  return { types, byName }
}

type Held = { readonly value: CelValue } | { readonly failure: string }

export class Variables extends ObjectValue {
  readonly typeName = 'kubernetes.variables'
  readonly #compiled: CompiledVariables
  readonly #bindings: () => Bindings
  readonly #budget: Budget
  readonly #held = new Map<string, Held>()

  constructor(compiled: CompiledVariables, bindings: () => Bindings, budget: Budget) {
    super()
    this.#compiled = compiled
    this.#bindings = bindings
    this.#budget = budget
  }

  get(name: string): CelValue | undefined {
    const known = this.#held.get(name)
    if (known !== undefined) return valueHeld(known)
    const expression = this.#compiled.byName.get(name)
    if (expression === undefined) return undefined
    const { meter } = this.#budget
    if (meter.isSpent) throw new AnswerPending(meter, () => this.#computeAlone(name, expression))
    const held = this.#compute(name, expression)
    if (meter.isSpent) throw new AnswerPending(meter, inNextTurn)
    return valueHeld(held)
  }

  equals(other: CelValue): boolean {
    return this === other
  }

  /** In turns of its own, after the variables that it uses. */
  async #computeAlone(name: string, expression: Expression): Promise<void> {
    await whenPrepared(this.#budget.meter, () => this.#held.has(name) || this.#compute(name, expression))
  }

  #compute(name: string, expression: Expression): Held {
    const held = this.#evaluate(name, expression)
    this.#held.set(name, held)
    return held
  }

  #evaluate(name: string, { program, problem }: Expression): Held {
    const quoted = writeJson(name)
    if (program === undefined) return { failure: `composited variable ${quoted} fails to compile: ${problem}` }
    try {
      const evaluation = program.evaluate(this.#bindings(), perCallLimit, this.#budget.meter.running)
      this.#budget.spend(evaluation)
      return { value: evaluation.value }
    } catch (err) {
      if (!(err instanceof CelEvaluationError)) throw err
      this.#budget.spend(err)
      return { failure: `composited variable ${quoted} fails to evaluate: ${err.message}` }
    }
  }
}

/** Nothing has to be made: the budget of this turn is spent. */
const inNextTurn = async (): Promise<void> => undefined

const valueHeld = (held: Held): CelValue => ('value' in held ? held.value : fail(held.failure))
