// Wakes a loop when there is new work.
import { untilAborted } from '../base/async/abort.ts'

/** Several changes during one round cause only one further round. */
export class ChangeSignal {
  #waiting = Promise.withResolvers<void>()

  raise(): void {
    this.#waiting.resolve()
  }

  clear(): void {
    this.#waiting = Promise.withResolvers()
  }

  /** Resolves at the next change, or at once if there was one since `clear()`. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void> {
    return untilAborted(this.#waiting.promise, signal)
  }
}
