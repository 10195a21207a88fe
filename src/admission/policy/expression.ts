// Expressions of policies and match conditions with their budget.
import type { Program } from '../../api/cel/environment.ts'
import { type AdmissionScope, type AdmissionUse, compileAdmission } from '../../api/cel/kubernetes/admission.ts'
import { perCallLimit } from '../../api/cel/kubernetes/limits.ts'
import { CelEvaluationError } from '../../api/cel/values/failure.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { AnswerPending } from './answer-pending.ts'
import type { Meter, Spent } from './meter.ts'

export interface Expression {
  readonly text: string
  /** Undefined if it does not compile: then every evaluation fails, as upstream. */
  readonly program: Program | undefined
  readonly problem: string
}

export function compileExpression(text: string, use: AdmissionUse, scope: AdmissionScope): Expression {
  const compiled = compileAdmission(text, use, scope)
  return compiled.ok ? { text, program: compiled.program, problem: '' } : { text, program: undefined, problem: compiled.detail }
}

/** The variables of an evaluation, by name. */
export type Bindings = Readonly<Record<string, CelValue>>

export type Outcome = { readonly value: CelValue } | { readonly error: string }

const spent = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** All evaluations together exceed the cost limit. */
export class OutOfBudget extends Error {
  constructor() {
    super(spent)
    this.name = 'OutOfBudget'
  }
}

/** What a policy may spend on one request, in units of CEL's cost, and the same again for the work besides it. */
export class Budget {
  readonly #units: number
  readonly meter: Meter
  #cost = 0
  #work = 0

  constructor(units: number, meter: Meter) {
    this.#units = units
    this.meter = meter
  }

  spend(spent: Spent): void {
    this.#cost += spent.cost
    this.#work += spent.work
    this.meter.spend(spent)
    if (this.#cost > this.#units || this.#work > this.#units) throw new OutOfBudget()
  }
}

/** Evaluates in as many turns as it takes. Throws OutOfBudget, nothing else. */
export async function evaluated(expression: Expression, bindings: Bindings, budget: Budget): Promise<Outcome> {
  const { program, problem } = expression
  if (program === undefined) return { error: `compilation error: ${problem}` }
  return whenPrepared(budget.meter, () => evaluate(program, expression.text, bindings, budget))
}

/** Throws OutOfBudget and AnswerPending, nothing else. */
function evaluate(program: Program, text: string, bindings: Bindings, budget: Budget): Outcome {
  try {
    const evaluation = program.evaluate(bindings, perCallLimit, budget.meter.running)
    budget.spend(evaluation)
    return { value: evaluation.value }
  } catch (err) {
    if (!(err instanceof CelEvaluationError)) throw err
    budget.spend(err)
    return { error: `expression '${text}' resulted in error: ${err.message}` }
  }
}

/** The outcome of an evaluation, which begins anew as often as something has to be made for it first. */
export async function whenPrepared<T>(meter: Meter, evaluate: () => T): Promise<T> {
  for (;;) {
    await yieldIfDue(meter)
    try {
      return evaluate()
    } catch (err) {
      if (!(err instanceof AnswerPending)) throw err
      await err.prepare()
    }
  }
}
