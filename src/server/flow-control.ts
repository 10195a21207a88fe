// How many requests run at once, and who waits: one user's flood does not keep the others out.
import { tooManyRequests } from '../api/status.ts'

export interface FlowLimits {
  /** Requests that change nothing and are running. Upstream's `--max-requests-inflight`. */
  readonly readOnly: number
  readonly mutating: number
  /** Waiting requests of one user; more are refused at once. */
  readonly queuedPerUser: number
  /** Waiting requests in all. */
  readonly queued: number
  /** The longest wait before a 429. */
  readonly maxWaitMs: number
}

export const defaultFlowLimits: FlowLimits = { readOnly: 400, mutating: 200, queuedPerUser: 250, queued: 2000, maxWaitMs: 15_000 }

/** Gives the seat back; calling it again does nothing. */
export type Release = () => void

interface Waiter {
  readonly flow: string
  start(): void
}

/** Seats of one kind of request, handed out in turn among the users that wait. */
class Seats {
  readonly #seats: number
  readonly #limits: FlowLimits
  readonly #flows = new Map<string, Waiter[]>()
  #running = 0
  #waiting = 0

  constructor(seats: number, limits: FlowLimits) {
    this.#seats = seats
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting
  }

  acquire(flow: string, signal: () => AbortSignal): Release | Promise<Release> {
    if (this.#running < this.#seats && this.#waiting === 0) return this.#take()
    const queue = this.#flows.get(flow)
    if (this.#waiting >= this.#limits.queued || (queue?.length ?? 0) >= this.#limits.queuedPerUser) throw refused()
    return this.#wait(flow, signal())
  }

  #take(): Release {
    this.#running++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#running--
      this.#next()
    }
  }

  #wait(flow: string, signal: AbortSignal): Promise<Release> {
    const { promise, resolve, reject } = Promise.withResolvers<Release>()
    const leave = (err: unknown) => {
      this.#remove(waiter)
      reject(err)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      leave(refused())
    }, this.#limits.maxWaitMs)
    const onAbort = () => {
      clearTimeout(timer)
      leave(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const waiter: Waiter = {
      flow,
      start: () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        resolve(this.#take())
      },
    }
    const queue = this.#flows.get(flow)
    if (queue) queue.push(waiter)
    else this.#flows.set(flow, [waiter])
    this.#waiting++
    return promise
  }

  #remove(waiter: Waiter): void {
    const queue = this.#flows.get(waiter.flow)
    const at = queue?.indexOf(waiter) ?? -1
    if (queue === undefined || at < 0) return
    queue.splice(at, 1)
    this.#waiting--
    if (queue.length === 0) this.#flows.delete(waiter.flow)
  }

  /** The first of the next user; a user with more waiting goes to the end of the round. */
  #next(): void {
    if (this.#running >= this.#seats) return
    const [turn] = this.#flows
    if (turn === undefined) return
    const [flow, queue] = turn
    const waiter = queue.shift()
    this.#flows.delete(flow)
    if (queue.length > 0) this.#flows.set(flow, queue)
    if (waiter === undefined) return
    this.#waiting--
    waiter.start()
  }
}

const refused = (): Error => tooManyRequests('Too many requests, please try again later.', 1)

export class FlowControl {
  readonly #readOnly: Seats
  readonly #mutating: Seats

  constructor(limits: FlowLimits = defaultFlowLimits) {
    this.#readOnly = new Seats(limits.readOnly, limits)
    this.#mutating = new Seats(limits.mutating, limits)
  }

  /** `flow` is who asks. Throws or rejects with a 429 where too many wait already. The signal is asked for only by a request that waits. */
  acquire(flow: string, mutating: boolean, signal: () => AbortSignal): Release | Promise<Release> {
    return (mutating ? this.#mutating : this.#readOnly).acquire(flow, signal)
  }

  get inFlight(): { readonly readOnly: number; readonly mutating: number; readonly waiting: number } {
    return {
      readOnly: this.#readOnly.running,
      mutating: this.#mutating.running,
      waiting: this.#readOnly.waiting + this.#mutating.waiting,
    }
  }
}
