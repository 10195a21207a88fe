// Waits briefly for objects that the control plane is about to create, so that a client can create a namespace and its pods without a
// pause.

import type { StoreView } from '../api/store-view.ts'
import { type Clock, pause } from '../base/clock.ts'

/** Upstream's ServiceAccount plug-in waits a second for the account `default`; a busy machine needs longer to create it. */
const arrivalLimitMs = 5000

export interface ObjectWaiterOptions {
  readonly view: Pick<StoreView, 'follow'>
  readonly clock: Clock
  /** Default 5000; 0 if nothing is created, as for files without a cluster. */
  readonly limitMs?: number
}

export class ObjectWaiter {
  readonly #options: ObjectWaiterOptions
  /** By resource: callbacks of waiting requests for each change of it. */
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(options: ObjectWaiterOptions) {
    this.#options = options
  }

  /**
   * Resolves when `isThere` holds, at once or after a change of the resource, after the limit, or when the request is given up: the caller looks again
   * itself.
   */
  async until(groupResource: string, isThere: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, limitMs = arrivalLimitMs } = this.#options
    if (limitMs === 0 || signal.aborted || isThere()) return
    const waiting = this.#of(groupResource)
    const came = Promise.withResolvers<void>()
    const look = () => {
      if (isThere()) came.resolve()
    }
    waiting.add(look)
    const given = new AbortController()
    try {
      await Promise.race([came.promise, pause(clock, limitMs, AbortSignal.any([signal, given.signal]))])
    } finally {
      waiting.delete(look)
      given.abort('came')
    }
  }

  #of(groupResource: string): Set<() => void> {
    const known = this.#waiting.get(groupResource)
    if (known !== undefined) return known
    const waiting = new Set<() => void>()
    this.#waiting.set(groupResource, waiting)
    this.#options.view.follow(groupResource, () => {
      for (const look of waiting) look()
    })
    return waiting
  }
}
