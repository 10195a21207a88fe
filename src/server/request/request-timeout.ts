// How long a request may take: 60 seconds, or less by its `timeout` parameter, as Go writes durations.
import { badRequest } from '../../api/status.ts'
import { parseGoDuration } from '../../base/go-duration.ts'
import { connections } from './connections.ts'
import type { RequestInfo } from './request-info.ts'

/** Of a client that sets no limit, or a longer one. */
const maxMs = 60_000

/** These may take any time. */
const longRunning: ReadonlySet<string> = new Set([...connections, 'log'])

/** Milliseconds; undefined for what may take any time. Throws a 400 for what is not a duration. */
export function requestTimeout(info: RequestInfo): number | undefined {
  if (info.isResource && (info.verb === 'watch' || longRunning.has(info.subresource))) return undefined
  const text = info.query.get('timeout')
  if (text === undefined || text === '') return maxMs
  const ms = parseGoDuration(text)
  if (typeof ms === 'string') throw badRequest(`invalid timeout specified in the request URL - ${ms}`)
  return ms > 0 && ms < maxMs ? ms : maxMs
}

/** One of a ring, which begins and ends with its keeper. */
interface Wait {
  readonly until: number
  readonly refuse: () => void
  before: Wait
  behind: Wait
}

/**
 * Ends what takes too long. What has begun is not taken back, as in upstream. One timer for all, set for the next that is due: nearly nothing ever is.
 * The waits are linked: an old Set or Map would keep every request that went through it until the next major collection.
 */
export class Deadlines {
  readonly #ring = emptyRing()
  #timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined

  /** The outcome of the work, or a rejection with what `late` makes where it takes longer than `ms`. */
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
    // What a request waits for keeps the process alive, and not the end of its time.
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

/** Once or twice: by the end of its time, and by that of its work. */
function unlink(wait: Wait): void {
  wait.before.behind = wait.behind
  wait.behind.before = wait.before
  wait.before = wait
  wait.behind = wait
}
