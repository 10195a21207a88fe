// Limits how long the expressions of one request may run before other requests get a turn.
import type { Running } from '../../api/cel/environment.ts'
import type { Budget } from '../../base/async/turns.ts'

/** Units of CEL's cost and of the work besides it, together some milliseconds, after which other requests get a turn. */
export const costOfATurn = 250_000

/** The cost of an evaluation, and the work besides it. */
export type Spent = Pick<Running, 'cost' | 'work'>

/** The work of one request since the last yield. */
export class Meter implements Budget {
  #spent = 0
  readonly signal: AbortSignal
  /** Expressions that have begun and not ended: each computes a variable of the one before. */
  readonly running: Running[] = []

  /** That of the request. */
  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  get isSpent(): boolean {
    let spent = this.#spent
    for (const { cost, work } of this.running) spent += cost + work
    return spent > costOfATurn
  }

  spend({ cost, work }: Spent): void {
    this.#spent += cost + work
  }

  /** An abandoned evaluation: its work counts nevertheless. */
  spendRunning(): void {
    for (const running of this.running) this.spend(running)
  }

  renew(): void {
    this.#spent = 0
  }
}
