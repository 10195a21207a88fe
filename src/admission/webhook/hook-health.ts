// Which webhooks do not answer: for the diagnosis, and so that requests of the cluster itself need not wait for them again and again.
import type { Hook } from './hook.ts'

/** What tells a webhook from every other one. */
export interface Identified {
  readonly id: string
}

export interface HookFailure<T extends Identified = Hook> {
  readonly hook: T
  readonly message: string
  /** Milliseconds since the epoch, of the first failure since it last answered. */
  readonly since: number
  /** In a row. */
  readonly count: number
}

interface State {
  readonly since: number
  readonly count: number
  readonly triedAt: number
  readonly toldAt: number
}

/** Of one webhook nobody is told more often. */
const reportIntervalMs = 30_000

/** This many failures in a row, and the webhook counts as dead. */
const deadAfter = 2
/** A dead one is tried again by a request of the cluster after this time; anybody else's request tries it each time. */
const retryMs = 15_000
/** Webhooks whose failures are remembered; the longest silent one is forgotten beyond. */
const maxRemembered = 1000

export class HookHealth<T extends Identified = Hook> {
  readonly #failing = new Map<string, State>()
  readonly #report: (failure: HookFailure<T>) => void

  constructor(report: (failure: HookFailure<T>) => void) {
    this.#report = report
  }

  answered({ id }: T): void {
    this.#failing.delete(id)
  }

  failed(hook: T, message: string, now: number): void {
    const known = this.#failing.get(hook.id)
    const tells = known === undefined || now - known.toldAt >= reportIntervalMs
    const state = { since: known?.since ?? now, count: (known?.count ?? 0) + 1, triedAt: now, toldAt: tells ? now : known.toldAt }
    this.#failing.delete(hook.id)
    const [oldest] = this.#failing.size < maxRemembered ? [] : this.#failing.keys()
    if (oldest !== undefined) this.#failing.delete(oldest)
    this.#failing.set(hook.id, state)
    if (tells) this.#report({ hook, message, since: state.since, count: state.count })
  }

  /** Whether a request of the cluster itself shall not wait for it now. */
  isDead({ id }: T, now: number): boolean {
    const state = this.#failing.get(id)
    return state !== undefined && state.count >= deadAfter && now - state.triedAt < retryMs
  }
}
