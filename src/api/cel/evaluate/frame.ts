// The state of one evaluation: values of variables, cost and work so far.
import { CostExceeded, WorkExceeded } from '../values/failure.ts'
import type { CelValue } from '../values/values.ts'
import type { WorkCounter } from '../values/work-counter.ts'

export class Frame implements WorkCounter {
  /** Variables of the environment first, then those of macros, each in the slot that the plan assigned. */
  readonly slots: (CelValue | undefined)[]
  cost = 0
  work = 0
  readonly #maxCost: number
  readonly #maxWork: number

  /** `maxCost` in upstream's units, `maxWork` in those of `addWork()`. */
  constructor(slots: (CelValue | undefined)[], maxCost: number, maxWork: number) {
    this.slots = slots
    this.#maxCost = maxCost
    this.#maxWork = maxWork
  }

  charge(cost: number): void {
    this.cost += cost
    if (this.cost > this.#maxCost) throw new CostExceeded()
  }

  addWork(units: number): void {
    this.work += units
    if (this.work > this.#maxWork) throw new WorkExceeded(this.#maxWork)
  }
}

/** A part of an expression, ready to run. */
export type Step = (frame: Frame) => CelValue
