// Limits how long the expressions of one request may run before other requests get a turn.
import type { Running } from '../../api/cel/environment.ts'

/** Units of CEL's cost and of the work besides it, together some milliseconds, after which other requests get a turn. */
export const costOfATurn = 250_000

/** The cost of an evaluation, and the work besides it. */
export type Spent = Pick<Running, 'cost' | 'work'>

/** What one request spent since others had a turn. */
export class Meter {
  #spent = 0
  /** Expressions that have begun and not ended: each computes a variable of the one before. */
  readonly running: Running[] = []

  get isFull(): boolean {
    let spent = this.#spent
    for (const { cost, work } of this.running) spent += cost + work
    return spent > costOfATurn
  }

  spend({ cost, work }: Spent): void {
    this.#spent += cost + work
  }

  nextTurn(): void {
    this.#spent = 0
  }
}
