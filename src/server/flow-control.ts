// How many requests run at once, and who waits: one user's flood does not keep the others out.
import { ApiError, tooManyRequests } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'

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
  /** Open watches of one user, who is neither in system:masters nor a component of the control plane. */
  readonly watchesPerUser: number
  /** Open exec, attach and port-forward connections and followed logs of one user, together. */
  readonly sessionsPerUser: number
}

export const defaultFlowLimits: FlowLimits = {
  readOnly: 400,
  mutating: 200,
  queuedPerUser: 250,
  queued: 2000,
  maxWaitMs: 15_000,
  watchesPerUser: 5000,
  sessionsPerUser: 500,
}

/** How much of the seats that others do not hold one user may take: the next who asks finds one. */
const shareOfFree = 0.75

/** They watch for the whole cluster, and the cluster stands still without them. */
const controlPlane = new Set(['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler'])

export type StreamKind = 'watch' | 'session'

/** Gives the seat back; calling it again does nothing. */
export type Release = () => void

interface Waiter {
  readonly flow: string
  start(): void
}

/** Seats of one kind of request, handed out in turn among the users that wait. Whoever waits while a seat is free has his share. */
class Seats {
  readonly #seats: number
  readonly #limits: FlowLimits
  readonly #flows = new Map<string, Waiter[]>()
  readonly #held = new Map<string, number>()
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
    if (this.#mayTake(flow)) return this.#take(flow)
    const queue = this.#flows.get(flow)
    if (this.#waiting >= this.#limits.queued) throw new FlowRefusal('too many requests wait')
    if ((queue?.length ?? 0) >= this.#limits.queuedPerUser) throw new FlowRefusal('too many requests of this user wait')
    return this.#wait(flow, signal())
  }

  #mayTake(flow: string): boolean {
    if (this.#running >= this.#seats) return false
    const held = this.#held.get(flow) ?? 0
    return held < Math.ceil((this.#seats - this.#running + held) * shareOfFree)
  }

  #take(flow: string): Release {
    this.#running++
    const giveBack = count(this.#held, flow)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#running--
      giveBack()
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
      leave(new FlowRefusal('the request waited too long'))
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
        resolve(this.#take(flow))
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

  #turn(): string | undefined {
    if (this.#running >= this.#seats) return undefined
    for (const flow of this.#flows.keys()) if (this.#mayTake(flow)) return flow
    return undefined
  }

  /** The first of the next user who may take a seat, while there is one; a user with more waiting goes to the end of the round. */
  #next(): void {
    for (;;) {
      const flow = this.#turn()
      if (flow === undefined) return
      const queue = this.#flows.get(flow) ?? []
      const waiter = queue.shift()
      this.#flows.delete(flow)
      if (queue.length > 0) this.#flows.set(flow, queue)
      if (waiter === undefined) continue
      this.#waiting--
      waiter.start()
    }
  }
}

/** Adds one for this user; what comes back takes it away and must be called once. */
function count(counts: Map<string, number>, user: string): () => void {
  counts.set(user, (counts.get(user) ?? 0) + 1)
  return () => {
    const left = (counts.get(user) ?? 0) - 1
    if (left > 0) counts.set(user, left)
    else counts.delete(user)
  }
}

export class FlowRefusal extends ApiError {
  /** Which bound was reached; the client is told no more than that it is to come back. */
  readonly why: string

  constructor(why: string) {
    super(tooManyRequests('Too many requests, please try again later.', 1).status)
    this.why = why
  }
}

export class FlowControl {
  readonly #readOnly: Seats
  readonly #mutating: Seats
  readonly #limits: FlowLimits
  readonly #streams = { watch: new Map<string, number>(), session: new Map<string, number>() }

  constructor(limits: FlowLimits = defaultFlowLimits) {
    this.#limits = limits
    this.#readOnly = new Seats(limits.readOnly, limits)
    this.#mutating = new Seats(limits.mutating, limits)
  }

  /** `flow` is who asks. Throws or rejects with a 429 where too many wait already. The signal is asked for only by a request that waits. */
  acquire(flow: string, mutating: boolean, signal: () => AbortSignal): Release | Promise<Release> {
    return (mutating ? this.#mutating : this.#readOnly).acquire(flow, signal)
  }

  /** A stream holds no seat, but a place among the streams of its user until its end. Throws a 429 where the user has too many. */
  openStream(user: UserInfo, kind: StreamKind): Release {
    const open = this.#streams[kind]
    if ((open.get(user.name) ?? 0) >= this.#mostStreams(user, kind))
      throw new FlowRefusal(kind === 'watch' ? 'too many watches of this user are open' : 'too many sessions of this user are open')
    const end = count(open, user.name)
    let counted = true
    return () => {
      if (counted) end()
      counted = false
    }
  }

  #mostStreams(user: UserInfo, kind: StreamKind): number {
    if (kind === 'session') return this.#limits.sessionsPerUser
    return user.groups.includes('system:masters') || controlPlane.has(user.name) ? Infinity : this.#limits.watchesPerUser
  }

  get inFlight(): { readonly readOnly: number; readonly mutating: number; readonly waiting: number } {
    return {
      readOnly: this.#readOnly.running,
      mutating: this.#mutating.running,
      waiting: this.#readOnly.waiting + this.#mutating.waiting,
    }
  }
}
