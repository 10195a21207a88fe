// How a synchronous evaluation gets asynchronous results: an authorizer's answer, a variable that is computed in its own turns, or its own
// next turn.
import type { Meter } from './meter.ts'

/**
 * Thrown, but no Error. The evaluation is abandoned, the result that it needs is computed, and it restarts and finds it. Only this folder
 * uses this: callers await the evaluation of a policy.
 */
export class AnswerPending {
  /** Rejects if restarting cannot help. */
  readonly prepare: () => Promise<void>

  /** The work of the abandoned evaluation counts nevertheless. */
  constructor(meter: Meter, prepare: () => Promise<void>) {
    meter.spendRunning()
    this.prepare = prepare
  }
}
