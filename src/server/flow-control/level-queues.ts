// The seats of one priority level: which requests get one now, which wait and how long, and which are rejected.
import { BodyRoom } from './body-room.ts'
import { FairQueues, type Queue, type Release, type SeatRequest, type Waiting } from './fair-queues.ts'
import type { FlowClock } from './flow-clock.ts'
import type { FlowCounters, RejectReason } from './flow-counters.ts'
import { FlowRefusal } from './flow-refusal.ts'
import { RetryAfter } from './retry-after.ts'
import { SeatDemand } from './seat-demand.ts'

export interface Queuing {
  /** 0: requests never wait. */
  readonly queues: number
  readonly queueLengthLimit: number
}

/** The part of the seats not held by others that one flow may take: slow requests of one user must leave seats for others. */
const shareOfFree = 0.75

/** A request runs at once, or waits until it may. */
export type Seat = { readonly release: Release } | { readonly waiting: Promise<Release> }

export class LevelQueues {
  readonly demand: SeatDemand
  readonly #retryAfter = new RetryAfter()
  readonly #clock: FlowClock
  readonly #fair = new FairQueues()
  readonly #bodies = new BodyRoom()
  #queuing: Queuing
  #limit = 0
  #seats = 0
  #waitingSeats = 0
  #executing = 0
  #waiting = 0
  /** When the progress was last updated. */
  #now: number

  constructor(clock: FlowClock, queuing: Queuing) {
    this.#clock = clock
    this.#queuing = queuing
    this.#now = clock.now()
    this.demand = new SeatDemand(this.#now)
  }

  get limit(): number {
    return this.#limit
  }

  get waiting(): number {
    return this.#waiting
  }

  get executing(): number {
    return this.#executing
  }

  /** In seats × milliseconds. */
  get progress(): number {
    return this.#fair.progress
  }

  get isIdle(): boolean {
    return this.#executing === 0 && this.#waiting === 0 && this.#seats === 0
  }

  get queues(): readonly Queue[] {
    return this.#fair.all
  }

  setLimit(limit: number): void {
    this.#sync()
    this.#limit = limit
    this.#dispatch()
  }

  /** Waiting requests stay in their queues. */
  setQueuing(queuing: Queuing): void {
    this.#queuing = queuing
  }

  /** Throws a `FlowRefusal` if no seat is free and the request may not wait; the wait rejects with one, and with the signal's reason if the client disconnects. */
  start(asking: SeatRequest): Seat {
    this.#sync()
    const { work, counters } = asking
    counters.seats.observe(work.seats)
    if (this.#queuing.queues === 0) {
      if (!this.#fits(work.seats) || !this.#mayTake(asking)) throw this.#refuse(counters, 'concurrency-limit')
      return { release: this.#run(asking, undefined) }
    }
    const queue = this.#fair.shortest(asking.flow.hand)
    if (this.#waiting === 0 && this.#fits(work.seats) && this.#mayTake(asking)) {
      counters.queueLength.observe(1)
      counters.waitedAndRan.observe(0)
      this.#fair.beginAtOnce(queue, work)
      return { release: this.#run(asking, queue) }
    }
    if (queue.waiting.size >= this.#queuing.queueLengthLimit) {
      this.#fair.forgetIfUnused(queue)
      throw this.#refuse(counters, 'queue-full')
    }
    const waiting = this.#fair.add(asking, queue, this.#now)
    this.#count(asking, 1)
    counters.queueLength.observe(queue.waiting.size)
    this.#dispatch()
    return waiting.begun === undefined ? { waiting: this.#wait(waiting) } : { release: waiting.begun }
  }

  /** For an exempt level: requests never wait, but are counted. */
  startExempt(counters: FlowCounters, mutating: 0 | 1): Release {
    const began = this.#clock.now()
    const change = (by: 1 | -1, now: number) => {
      this.#executing += by
      this.#seats += by
      counters.executing += by
      counters.executingSeats += by
      counters.mutating += by * mutating
      this.demand.set(this.#seats, now)
    }
    change(1, began)
    counters.dispatched++
    let running = true
    return () => {
      if (!running) return
      running = false
      const now = this.#clock.now()
      change(-1, now)
      counters.ran.observe((now - began) / 1000)
    }
  }

  #sync(): void {
    const now = this.#clock.now()
    this.#fair.advance(now - this.#now, Math.min(this.#seats + this.#waitingSeats, this.#limit))
    this.#now = now
  }

  #fits(seats: number): boolean {
    // A request that needs more seats than the level has runs alone.
    return seats > this.#limit ? this.#seats === 0 : this.#seats + seats <= this.#limit
  }

  #mayTake({ flow, work: { seats }, bodyBytes }: SeatRequest): boolean {
    if (!this.#bodies.has(flow, bodyBytes)) return false
    const { held } = flow
    return held === 0 || held + seats <= Math.ceil((this.#limit - this.#seats + held) * shareOfFree)
  }

  #count({ flow, work, counters }: SeatRequest, sign: 1 | -1): void {
    this.#waiting += sign
    this.#waitingSeats += sign * work.seats
    flow.waiting += sign
    counters.waiting += sign
    counters.waitingSeats += sign * work.seats
    this.demand.set(this.#seats + this.#waitingSeats, this.#now)
  }

  #dispatch(): void {
    while (this.#waiting > 0 && this.#seats < this.#limit) {
      const next = this.#fair.next(asking => this.#mayTake(asking))
      if (next === undefined) return
      const { asking, queue } = next
      if (!this.#fits(asking.work.seats)) {
        asking.counters.notAccommodated++
        return
      }
      this.#fair.begin(next)
      this.#count(asking, -1)
      asking.counters.waitedAndRan.observe((this.#now - next.arrived) / 1000)
      const release = this.#run(asking, queue)
      if (next.begin) next.begin(release)
      else next.begun = release
    }
  }

  /** `queue` has already counted it. */
  #run({ flow, work, counters, mutating, bodyBytes }: SeatRequest, queue: Queue | undefined): Release {
    const { seats } = work
    const began = this.#now
    this.#executing++
    counters.dispatched++
    counters.executing++
    counters.mutating += mutating
    const take = (by: number) => {
      this.#seats += by
      flow.held += by
      counters.executingSeats += by
      if (queue) queue.seats += by
      this.demand.set(this.#seats + this.#waitingSeats, this.#now)
    }
    take(seats)
    this.#bodies.take(flow, bodyBytes)
    const free = () => {
      take(-seats)
      this.#bodies.free(flow, bodyBytes)
      if (queue) this.#fair.forgetIfUnused(queue)
      this.#dispatch()
    }
    let running = true
    return () => {
      if (!running) return
      running = false
      this.#sync()
      this.#executing--
      counters.executing--
      counters.mutating -= mutating
      counters.ran.observe((this.#now - began) / 1000)
      if (queue) this.#fair.ended(queue, work, this.#now - began)
      if (work.lingerMs === 0) return free()
      this.#clock.after(work.lingerMs, () => {
        this.#sync()
        free()
      })
    }
  }

  #wait(waiting: Waiting): Promise<Release> {
    const { asking, arrived } = waiting
    const signal = asking.signal()
    const { promise, resolve, reject } = Promise.withResolvers<Release>()
    const leave = () => {
      this.#sync()
      this.#fair.remove(waiting)
      this.#count(asking, -1)
      asking.counters.waitedInVain.observe((this.#now - arrived) / 1000)
      // It may have needed more seats than the others, and so have held them up.
      this.#dispatch()
    }
    const timer = this.#clock.after(asking.maxWait, () => {
      signal.removeEventListener('abort', onAbort)
      leave()
      reject(this.#refuse(asking.counters, 'time-out'))
    })
    const onAbort = () => {
      timer.cancel()
      leave()
      asking.counters.rejected.cancelled++
      reject(signal.reason)
    }
    waiting.begin = release => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      resolve(release)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    return promise
  }

  #refuse(counters: FlowCounters, why: Exclude<RejectReason, 'cancelled'>): FlowRefusal {
    counters.rejected[why]++
    this.#retryAfter.refused(this.#now)
    const where = `at priority level "${counters.level}", to which FlowSchema "${counters.schema}" leads`
    return new FlowRefusal(`${reasons[why]} ${where}`, this.#retryAfter.seconds)
  }
}

const reasons = {
  'queue-full': 'the queue is full (queue-full)',
  'concurrency-limit': 'no seat is free, and nothing may wait (concurrency-limit)',
  'time-out': 'the request waited too long (time-out)',
} as const
