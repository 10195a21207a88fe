// The time limit of a request: 60 seconds, or less by its `timeout` parameter, in Go's notation of durations.
import { badRequest } from '../../api/status.ts'
import { parseGoDuration } from '../../base/config/go-duration.ts'
import { connections } from './connections.ts'
import type { RequestInfo } from './request-info.ts'

/** If the client sets no limit, or a longer one. */
const maxMs = 60_000

/** Verbs without a time limit. */
const longRunning: ReadonlySet<string> = new Set([...connections, 'log'])

/** Milliseconds; undefined without a limit. Throws a 400 for an invalid duration. */
export function requestTimeout(info: RequestInfo): number | undefined {
  if (info.isResource && (info.verb === 'watch' || longRunning.has(info.subresource))) return undefined
  const text = info.query.get('timeout')
  if (text === undefined || text === '') return maxMs
  const ms = parseGoDuration(text)
  if (typeof ms === 'string') throw badRequest(`invalid timeout specified in the request URL - ${ms}`)
  return ms > 0 && ms < maxMs ? ms : maxMs
}

/**
 * A node of a doubly linked ring, which begins and ends with its owner. A class and no literal: V8 would allocate the literal in the old generation, where
 * a dead one keeps its request until the next major collection.
 */
export class Deadline {
  readonly at: number
  readonly pass: () => void
  before: Deadline = this
  behind: Deadline = this

  constructor(at: number, pass: () => void) {
    this.at = at
    this.pass = pass
  }
}

/**
 * Calls back when a time limit passes. One timer for all requests, set for the earliest: limits are rarely reached. The deadlines are linked: a long-lived
 * Set or Map would keep every finished request until the next major collection.
 */
export class Deadlines {
  readonly #ring = new Deadline(Number.POSITIVE_INFINITY, () => undefined)
  #timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined

  /** Calls `pass` after `ms`, unless the deadline is removed before. */
  add(ms: number, pass: () => void): Deadline {
    const ring = this.#ring
    const deadline = new Deadline(performance.now() + ms, pass)
    deadline.before = ring.before
    deadline.behind = ring
    ring.before.behind = deadline
    ring.before = deadline
    this.#wake(deadline.at)
    return deadline
  }

  /** May be called twice, also after the deadline has passed. */
  remove(deadline: Deadline): void {
    deadline.before.behind = deadline.behind
    deadline.behind.before = deadline.before
    deadline.before = deadline
    deadline.behind = deadline
  }

  #wake(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return
    clearTimeout(this.#timer?.handle)
    // The timer does not keep the process alive; the work of the request does.
    this.#timer = { at, handle: setTimeout(() => this.#look(), Math.max(0, Math.ceil(at - performance.now()))).unref() }
  }

  #look(): void {
    this.#timer = undefined
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (let deadline = this.#ring.behind; deadline !== this.#ring; ) {
      const { behind, at, pass } = deadline
      if (at > now) next = Math.min(next, at)
      else {
        this.remove(deadline)
        pass()
      }
      deadline = behind
    }
    if (next < Number.POSITIVE_INFINITY) this.#wake(next)
  }
}
