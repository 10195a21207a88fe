// One evaluation: the values of variables and what it has cost so far.
import { CostExceeded } from './failure.ts'
import type { CelValue } from './values.ts'

export class Frame {
  /** Variables of the environment first, then those of macros, each at a place that the plan gave it. */
  readonly slots: (CelValue | undefined)[]
  cost = 0
  readonly #limit: number

  constructor(slots: (CelValue | undefined)[], limit: number) {
    this.slots = slots
    this.#limit = limit
  }

  charge(cost: number): void {
    this.cost += cost
    if (this.cost > this.#limit) throw new CostExceeded()
  }
}

/** A part of an expression, ready to run. */
export type Step = (frame: Frame) => CelValue
