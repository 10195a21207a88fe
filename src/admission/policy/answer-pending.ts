// How an evaluation, which is synchronous, gets what takes time: the answer of an authorizer, a variable that is computed in turns of its own, or its own next turn.
import type { Meter } from './meter.ts'

/**
 * Thrown, and no Error: nothing went wrong. The evaluation is given up, what it needs is made, and it begins anew; it then finds what was made. Only
 * this folder knows of it: whoever evaluates a policy awaits the outcome.
 */
export class AnswerPending {
  /** Rejects where beginning anew is no use. */
  readonly prepare: () => Promise<void>

  /** What the evaluation did until here is spent all the same. */
  constructor(meter: Meter, prepare: () => Promise<void>) {
    meter.spendRunning()
    this.prepare = prepare
  }
}
