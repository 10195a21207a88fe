// Which events about claims are worth writing: a new reason to wait at once, the same one again before the event that said so has expired.
import type { ClaimEvent } from './claim-binding-plan.ts'

/** Events that nobody updates are deleted after an hour. */
export const repeatMs = 1_800_000

export class ClaimEventFilter {
  /** By the key of the claim; none of those that wait for nothing. */
  readonly #told = new Map<string, { readonly text: string; readonly at: number }>()

  /** Whether to write it; then it counts as written. `event` undefined: nothing is to be said of the claim, or it is gone. */
  isNew(claim: string, event: ClaimEvent | undefined, now: number): event is ClaimEvent {
    if (event === undefined) {
      this.#told.delete(claim)
      return false
    }
    const text = `${event.reason} ${event.message}`
    const before = this.#told.get(claim)
    if (before?.text === text && now - before.at < repeatMs) return false
    this.#told.set(claim, { text, at: now })
    return true
  }
}
