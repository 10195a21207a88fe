// Expressions of policies and match conditions with their budget.
import type { Program } from '../../api/cel/environment.ts'
import { CelEvaluationError } from '../../api/cel/evaluate/failure.ts'
import type { CelValue } from '../../api/cel/evaluate/values.ts'
import { type AdmissionScope, type AdmissionUse, compileAdmission } from '../../api/cel/kubernetes/admission.ts'
import { perCallLimit } from '../../api/cel/kubernetes/limits.ts'
import { AnswerPending } from '../../base/answer-pending.ts'
import type { Wait } from '../../base/turns.ts'
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

/**
 * The evaluation was interrupted so that other requests get a turn. Then `first`, the variable that it needs, is computed, and the
 * expression is evaluated again with its value.
 */
export class TurnWanted extends Error {
  readonly first: (() => Generator<Wait, void>) | undefined

  constructor(first?: () => Generator<Wait, void>) {
    super('other requests have their turn')
    this.first = first
  }
}

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

/** Throws only OutOfBudget. */
function evaluate({ program, problem, text }: Expression, bindings: Bindings, budget: Budget): Outcome | TurnWanted | AnswerPending {
  if (program === undefined) return { error: `compilation error: ${problem}` }
  if (budget.meter.isFull) return new TurnWanted()
  try {
    const evaluation = program.evaluate(bindings, perCallLimit, budget.meter.running)
    budget.spend(evaluation)
    return { value: evaluation.value }
  } catch (err) {
    if (isWait(err)) return err
    if (!(err instanceof CelEvaluationError)) throw err
    budget.spend(err)
    return { error: `expression '${text}' resulted in error: ${err.message}` }
  }
}

/** Evaluates in as many turns as needed. Throws only OutOfBudget. */
export function* evaluated(expression: Expression, bindings: Bindings, budget: Budget): Generator<Wait, Outcome> {
  for (;;) {
    const outcome = evaluate(expression, bindings, budget)
    if (!isWait(outcome)) return outcome
    yield* beforeGoingOn(outcome, budget)
  }
}

/** Whether an evaluation ended only to be repeated. */
export const isWait = (ended: unknown): ended is TurnWanted | AnswerPending => ended instanceof TurnWanted || ended instanceof AnswerPending

export function* beforeGoingOn(ended: TurnWanted | AnswerPending, budget: Budget): Generator<Wait, void> {
  yield ended instanceof AnswerPending ? ended.answered : undefined
  budget.meter.nextTurn()
  if (ended instanceof TurnWanted && ended.first !== undefined) yield* ended.first()
}
