// Tracks webhooks that do not answer, for diagnosis and so that requests of the cluster itself do not wait for them repeatedly.
import type { Hook } from './hook.ts'

/** Identifies a webhook. */
export interface Identified {
  readonly id: string
}

export interface HookFailure<T extends Identified = Hook> {
  readonly hook: T
  readonly message: string
  /** Time of the first failure since the last answer, in milliseconds since the epoch. */
  readonly since: number
  /** Number of consecutive failures. */
  readonly count: number
}

interface State {
  readonly since: number
  readonly count: number
  readonly triedAt: number
  readonly reportedAt: number
}

/** Minimum interval between reports about one webhook. */
const reportIntervalMs = 30_000

/** A webhook counts as dead after this many consecutive failures. */
const deadAfter = 2
/** Requests of the cluster retry a dead webhook after this time; other requests call it each time. */
const retryMs = 15_000
/** Limit of tracked webhooks; the one whose last failure is oldest is dropped. */
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
    const reports = known === undefined || now - known.reportedAt >= reportIntervalMs
    const state = { since: known?.since ?? now, count: (known?.count ?? 0) + 1, triedAt: now, reportedAt: reports ? now : known.reportedAt }
    this.#failing.delete(hook.id)
    const [oldest] = this.#failing.size < maxRemembered ? [] : this.#failing.keys()
    if (oldest !== undefined) this.#failing.delete(oldest)
    this.#failing.set(hook.id, state)
    if (reports) this.#report({ hook, message, since: state.since, count: state.count })
  }

  /** Whether requests of the cluster itself should not wait for it now. */
  isDead({ id }: T, now: number): boolean {
    const state = this.#failing.get(id)
    return state !== undefined && state.count >= deadAfter && now - state.triedAt < retryMs
  }
}
