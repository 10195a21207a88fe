// Limits what the windows of all collections hold together: a cluster has about a hundred kinds, each with its own history.
import type { EventWindow } from './event-window.ts'

/** Bytes of objects: enough for four resources with full windows. */
export const defaultPastBytes = 64 * 2 ** 20
/** Taken from the largest window at once, so that searching for it is rare. */
const stepShare = 64

export class WindowBudget {
  readonly #maxBytes: number
  readonly #windows = new Set<EventWindow>()
  #bytes = 0

  constructor(maxBytes = defaultPastBytes) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(window: EventWindow): void {
    this.#windows.add(window)
  }

  /** Called by a window whose size changed by this much. May shorten any window. */
  changed(by: number): void {
    this.#bytes += by
    while (by > 0 && this.#bytes > this.#maxBytes) {
      let largest: EventWindow | undefined
      for (const window of this.#windows) if (window.bytes > (largest?.bytes ?? 0)) largest = window
      const before = this.#bytes
      largest?.shorten(this.#bytes - this.#maxBytes + this.#maxBytes / stepShare)
      // Each keeps its newest event.
      if (this.#bytes === before) return
    }
  }
}
