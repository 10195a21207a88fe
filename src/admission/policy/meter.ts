// How long the expressions of one request may hold the server before other requests have their turn.
import type { Running } from '../../api/cel/environment.ts'

/** Units of CEL's cost and of the work beside it, some milliseconds together, after which other requests have their turn. */
export const costOfATurn = 250_000

/** What an evaluation cost, and what it did beside. */
export type Spent = Pick<Running, 'cost' | 'work'>

/** What one request spent since others had their turn. */
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
