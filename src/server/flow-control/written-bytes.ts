// How many bytes of objects may be written, by each user and into each namespace: seats bound requests, and one request can write 1.5 MiB.
import { isClusterCritical } from '../../access/own-parts.ts'
import { type ApiError, tooManyRequests } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'

export interface WriteRate {
  /** Bytes at once, after a rest. */
  readonly burst: number
  /** In the long run. */
  readonly perSecond: number
}

/** What people and controllers write stays far below; the history of the store, 128 MiB, lasts at least for half a minute. */
export const defaultWriteRate: WriteRate = { burst: 64 * 2 ** 20, perSecond: 4 * 2 ** 20 }

/** Users, and namespaces, that are remembered: who was silent for longest is forgotten first, and begins anew. */
const maxRemembered = 10_000
const maxWait = 60

interface Budget {
  /** Negative where more was written than there was: what has begun is not cut, and what the cluster writes is counted and never refused. */
  left: number
  at: number
}

export class WrittenBytes {
  readonly #rate: WriteRate
  readonly #now: () => number
  readonly #users = new Map<string, Budget>()
  readonly #namespaces = new Map<string, Budget>()

  /** `now` in milliseconds, of a clock that never goes back. */
  constructor(rate: WriteRate, now: () => number) {
    this.#rate = rate
    this.#now = now
  }

  /** Counts a write. Throws a 429 where the user, or the namespace, has used up what it may write; a component of the cluster is never refused. */
  take(user: UserInfo, namespace: string, bytes: number): void {
    const budgets = this.#budgetsOf(user, namespace)
    if (!isClusterCritical(user)) for (const { whose, budget } of budgets) if (budget.left <= 0) throw this.#refusal(whose, budget)
    this.#use(budgets, bytes)
  }

  /** Counts a write that is not refused, since it makes room. */
  count(user: UserInfo, namespace: string, bytes: number): void {
    this.#use(this.#budgetsOf(user, namespace), bytes)
  }

  #use(budgets: readonly { readonly budget: Budget }[], bytes: number): void {
    for (const { budget } of budgets) budget.left = Math.max(-this.#rate.burst, budget.left - bytes)
  }

  #budgetsOf(user: UserInfo, namespace: string): readonly { readonly whose: string; readonly budget: Budget }[] {
    const own = { whose: `user "${user.name}"`, budget: this.#budget(this.#users, user.name) }
    return namespace === '' ? [own] : [own, { whose: `namespace "${namespace}"`, budget: this.#budget(this.#namespaces, namespace) }]
  }

  #budget(known: Map<string, Budget>, key: string): Budget {
    const now = this.#now()
    const { burst, perSecond } = this.#rate
    const budget = known.get(key) ?? { left: burst, at: now }
    budget.left = Math.min(burst, budget.left + ((now - budget.at) / 1000) * perSecond)
    budget.at = now
    known.delete(key)
    known.set(key, budget)
    for (const oldest of known.keys()) {
      if (known.size <= maxRemembered) break
      known.delete(oldest)
    }
    return budget
  }

  #refusal(whose: string, { left }: Budget): ApiError {
    const { burst, perSecond } = this.#rate
    const seconds = Math.min(maxWait, Math.ceil((1 - left) / perSecond))
    const most = `${perSecond / 2 ** 20} MiB of objects a second, ${burst / 2 ** 20} MiB at once`
    return tooManyRequests(
      `${whose} writes more than ${most}: try again in ${seconds} seconds, or write less often or smaller objects`,
      seconds,
    )
  }
}
