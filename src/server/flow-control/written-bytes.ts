// Limits the bytes of objects written per user and per namespace: seats limit only requests, and one request can write 1.5 MiB.
import { isClusterCritical } from '../../access/authorizers/own-parts.ts'
import { type ApiError, tooManyRequests } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'

export interface WriteRate {
  /** Bytes that may be written at once, after a pause. */
  readonly burst: number
  /** Bytes per second in the long run. */
  readonly perSecond: number
}

/** People and controllers write far less. At this rate the store's history of 128 MiB covers at least half a minute. */
export const defaultWriteRate: WriteRate = { burst: 64 * 2 ** 20, perSecond: 4 * 2 ** 20 }

/** Remembered users and namespaces. The one idle for longest is forgotten first, and starts with a full budget again. */
const maxRemembered = 10_000
const maxWait = 60

interface Budget {
  /** May be negative: a write that has begun is not cut, and writes of the cluster itself are counted but never refused. */
  left: number
  at: number
}

export class WrittenBytes {
  readonly #rate: WriteRate
  readonly #now: () => number
  readonly #users = new Map<string, Budget>()
  readonly #namespaces = new Map<string, Budget>()

  /** `now` is a monotonic clock in milliseconds. */
  constructor(rate: WriteRate, now: () => number) {
    this.#rate = rate
    this.#now = now
  }

  /** Counts a write. Throws a 429 if the user or the namespace has used up its budget. Components of the cluster are never refused. */
  take(user: UserInfo, namespace: string, bytes: number): void {
    const budgets = this.#budgetsOf(user, namespace)
    if (!isClusterCritical(user)) for (const { whose, budget } of budgets) if (budget.left <= 0) throw this.#refusal(whose, budget)
    this.#use(budgets, bytes)
  }

  /** Counts a write that is never refused because it frees space. */
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
