// Open streams depend on the right that allowed them: when the role or binding that granted it changes, they are authorized again.
import type { AccessBasis } from '../../access/access.ts'
import type { Asker, Authorize } from '../../access/authorize.ts'
import type { UserInfo } from '../../api/user.ts'
import type { RequestHeaders } from '../http/exchange.ts'
import { requireAccess } from './authorize.ts'
import { impersonate } from './impersonate.ts'
import type { RequestInfo } from './request-info.ts'

/** Rejects with the 403 where the request would be refused now. It must ask everything of `authorize`, for `asker`. */
export type Reauthorize = (authorize: Authorize, asker: Asker) => Promise<unknown>

/** Of the same request: whether `authenticated` may impersonate `user`, if that is another one, and whether that user has the requested right. */
export function reauthorize(info: RequestInfo, authenticated: UserInfo, user: UserInfo, headers: RequestHeaders): Reauthorize {
  return async (authorize, asker) => {
    if (user !== authenticated) await impersonate(authenticated, headers, authorize, asker)
    await requireAccess(info, user, authorize, asker)
  }
}

/** How many streams are authorized in one turn of the event loop: a decision may take a millisecond. */
const streamsPerTurn = 4

/** A change that affects thousands of streams delays other requests for only a few decisions at a time. */
export class AccessEnds {
  readonly #authorize: Authorize
  readonly #everyBasis: AccessBasis | undefined
  /** Each stream once, however many changes concern it meanwhile. */
  readonly #pending = new Set<() => void>()
  #scheduled = false

  /** `everyBasis`: what decisions depend on beside the basis that each has. */
  constructor(authorize: Authorize, everyBasis?: AccessBasis) {
    this.#authorize = authorize
    this.#everyBasis = everyBasis
  }

  /**
   * Calls `end` once the request is no longer allowed, perhaps at once: a right may have been removed since the request was allowed.
   * `request` has the earlier answers, so that no webhook is asked again at the beginning. Returns a function that stops following.
   */
  whenRefused(ask: Reauthorize, request: object, end: (reason: Error) => void): () => void {
    const followed = new Map<AccessBasis, () => void>()
    let isOver = false
    let isChecking = false
    let isStale = false
    const stop = (): void => {
      isOver = true
      this.#pending.delete(again)
      unfollowEvery?.()
      for (const unfollow of followed.values()) unfollow()
      followed.clear()
    }
    /** What the answers rest on now; whether something of it was not followed before. */
    const askOnce = async (asker: Asker): Promise<boolean> => {
      const bases = new Set<AccessBasis>()
      let isNew = false
      const authorize: Authorize = async (attributes, of) => {
        const verdict = await this.#authorize(attributes, of)
        const basis = verdict.allowed ? verdict.basis : undefined
        if (basis === undefined || isOver) return verdict
        bases.add(basis)
        if (followed.has(basis)) return verdict
        followed.set(
          basis,
          basis.onChange(() => this.#later(again)),
        )
        isNew = true
        return verdict
      }
      await ask(authorize, asker)
      for (const [basis, unfollow] of followed) {
        if (bases.has(basis)) continue
        unfollow()
        followed.delete(basis)
      }
      return isNew
    }
    const check = async (asker: Asker): Promise<void> => {
      isChecking = true
      try {
        // What was not followed yet may have changed between the answer and now.
        do isStale = false
        while ((await askOnce(asker)) || isStale)
      } catch (err) {
        // A stream whose question fails for another reason ends too: only an answer lets it go on.
        if (isOver) return
        stop()
        end(err instanceof Error ? err : new Error('the request is no longer allowed'))
      } finally {
        isChecking = false
      }
    }
    const again = (): void => {
      if (isChecking) isStale = true
      else void check({})
    }
    const unfollowEvery = this.#everyBasis?.onChange(() => this.#later(again))
    void check(request)
    return stop
  }

  #later(check: () => void): void {
    this.#pending.add(check)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    let left = streamsPerTurn
    for (const check of this.#pending) {
      if (left-- === 0) break
      this.#pending.delete(check)
      check()
    }
    this.#scheduled = this.#pending.size > 0
    if (this.#scheduled) setImmediate(() => this.#turn())
  }
}
