// How long the expressions of one request may hold the server before other requests have their turn.
import type { Running } from '../../api/cel/environment.ts'

/** Units of CEL's cost, some milliseconds of work, after which other requests have their turn. */
export const costOfATurn = 250_000

/** What one request spent since others had their turn. */
export class Meter {
  #spent = 0
  /** Expressions that have begun and not ended: each computes a variable of the one before. */
  readonly running: Running[] = []

  get isFull(): boolean {
    let spent = this.#spent
    for (const { cost } of this.running) spent += cost
    return spent > costOfATurn
  }

  spend(cost: number): void {
    this.#spent += cost
  }

  nextTurn(): void {
    this.#spent = 0
  }
}
