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

/** A node of a doubly linked ring, which begins and ends with its owner. */
interface Wait {
  readonly until: number
  readonly refuse: () => void
  before: Wait
  behind: Wait
}

/**
 * Enforces time limits. As in upstream, work that has begun is not undone. One timer for all requests, set for the earliest: limits are rarely reached.
 * The waits are linked: a long-lived Set or Map would keep every finished request until the next major collection.
 */
export class Deadlines {
  readonly #ring = emptyRing()
  #timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined

  /** The result of the work, or a rejection with the result of `late` after `ms`. */
  within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const ring = this.#ring
      const wait: Wait = { until: performance.now() + ms, refuse: () => reject(late()), before: ring.before, behind: ring }
      ring.before.behind = wait
      ring.before = wait
      this.#wake(wait.until)
      work.then(
        value => {
          unlink(wait)
          resolve(value)
        },
        err => {
          unlink(wait)
          reject(err)
        },
      )
    })
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
    for (let wait = this.#ring.behind; wait !== this.#ring; ) {
      const { behind, until, refuse } = wait
      if (until > now) next = Math.min(next, until)
      else {
        unlink(wait)
        refuse()
      }
      wait = behind
    }
    if (next < Number.POSITIVE_INFINITY) this.#wake(next)
  }
}

function emptyRing(): Wait {
  const ring = { until: Number.POSITIVE_INFINITY, refuse: () => undefined } as Wait
  ring.before = ring
  ring.behind = ring
  return ring
}

/** May be called twice: at the time limit, and at the end of the work. */
function unlink(wait: Wait): void {
  wait.before.behind = wait.behind
  wait.behind.before = wait.before
  wait.before = wait
  wait.behind = wait
}
