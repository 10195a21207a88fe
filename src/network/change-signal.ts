// Tells a loop that there is work again.
import { untilAborted } from '../base/async/abort.ts'

/** Many changes while one is being carried out make one further round. */
export class ChangeSignal {
  #waiting = Promise.withResolvers<void>()

  raise(): void {
    this.#waiting.resolve()
  }

  clear(): void {
    this.#waiting = Promise.withResolvers()
  }

  /** Resolves at the next change, or at once after one since `clear()`. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void> {
    return untilAborted(this.#waiting.promise, signal)
  }
}
