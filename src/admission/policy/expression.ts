// Expressions of policies and match conditions, ready to run within a budget.
import type { Program } from '../../api/cel/environment.ts'
import { CelEvaluationError } from '../../api/cel/evaluate/failure.ts'
import type { CelValue } from '../../api/cel/evaluate/values.ts'
import { type AdmissionScope, type AdmissionUse, compileAdmission } from '../../api/cel/kubernetes/admission.ts'
import { perCallLimit } from '../../api/cel/kubernetes/limits.ts'

export interface Expression {
  readonly text: string
  /** Undefined where it does not compile: it fails each time, as upstream has it. */
  readonly program: Program | undefined
  readonly problem: string
}

export function compileExpression(text: string, use: AdmissionUse, scope: AdmissionScope): Expression {
  const compiled = compileAdmission(text.trim(), use, scope)
  return compiled.ok ? { text, program: compiled.program, problem: '' } : { text, program: undefined, problem: compiled.detail }
}

/** The variables of an evaluation, by name. */
export type Bindings = Readonly<Record<string, CelValue>>

export type Outcome = { readonly value: CelValue } | { readonly error: string }

const spent = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** All evaluations together cost more than they may. */
export class OutOfBudget extends Error {
  constructor() {
    super(spent)
    this.name = 'OutOfBudget'
  }
}

/** What a policy may spend on one request, in units of CEL's cost. */
export class Budget {
  readonly #units: number
  spent = 0

  constructor(units: number) {
    this.#units = units
  }

  spend(cost: number): void {
    this.spent += cost
    if (this.spent > this.#units) throw new OutOfBudget()
  }
}

/** Throws OutOfBudget, nothing else. */
export function evaluate({ program, problem, text }: Expression, bindings: Bindings, budget: Budget): Outcome {
  if (program === undefined) return { error: `compilation error: ${problem}` }
  try {
    const { value, cost } = program.evaluate(bindings, perCallLimit)
    budget.spend(cost)
    return { value }
  } catch (err) {
    if (!(err instanceof CelEvaluationError)) throw err
    budget.spend(err.cost)
    return { error: `expression '${text}' resulted in error: ${err.message}` }
  }
}
