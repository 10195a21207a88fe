// Decides which events about claims to write: a new reason at once, the same one again before its event expires.
import type { ClaimEvent } from './claim-binding-plan.ts'

/** Events that are not updated are deleted after an hour. */
export const repeatMs = 1_800_000

export class ClaimEventFilter {
  /** By the key of the claim; none for claims that are not pending. */
  readonly #reported = new Map<string, { readonly text: string; readonly at: number }>()

  /** Whether to write it; then it counts as written. `event` undefined: nothing to report about the claim, or it was deleted. */
  isNew(claim: string, event: ClaimEvent | undefined, now: number): event is ClaimEvent {
    if (event === undefined) {
      this.#reported.delete(claim)
      return false
    }
    const text = `${event.reason} ${event.message}`
    const before = this.#reported.get(claim)
    if (before?.text === text && now - before.at < repeatMs) return false
    this.#reported.set(claim, { text, at: now })
    return true
  }
}
