// Fair queuing for server requests (KEP-1040). The next queue is the one whose oldest request would finish first if each busy queue always had
// an equal part of the seats. Progress and work are seats × milliseconds.
import type { UserInfo } from '../../api/user.ts'
import type { RequestInfo } from '../request/request-info.ts'
import type { Flow } from './flow.ts'
import type { FlowCounters } from './flow-counters.ts'
import type { Work } from './work-estimate.ts'

/** Returns the seats; further calls do nothing. */
export type Release = () => void

/** A request for seats of a level. */
export interface SeatRequest {
  readonly user: UserInfo
  readonly info: RequestInfo
  readonly flow: Flow
  readonly work: Work
  readonly counters: FlowCounters
  /** 1 for a mutating request. */
  readonly mutating: 0 | 1
  /** The most bytes that its body may have, which is read when it has its seats. */
  readonly bodyBytes: number
  /** Milliseconds. */
  readonly maxWait: number
  /** Called only if the request waits. */
  signal(): AbortSignal
}

/** Exists while requests wait or run in it, or hold seats after their response. */
export interface Queue {
  readonly index: number
  readonly waiting: Set<Waiting>
  waitingWork: number
  executing: number
  seats: number
  /** The progress at which its next request begins under fair service. */
  nextStart: number
}

export interface Waiting {
  readonly asking: SeatRequest
  readonly queue: Queue
  readonly work: number
  /** Progress and time of its arrival. */
  readonly arrivalProgress: number
  readonly arrived: number
  /** Set while a caller waits for the result. */
  begin: ((release: Release) => void) | undefined
  /** Set if it began before a caller waited. */
  begun: Release | undefined
}

/** The assumed duration of a request, as upstream. */
const estimatedMs = 3
/** How far to search a queue for a request that may run, if the flow of the oldest one has its share. */
const lookAhead = 16

const workOf = ({ initialSeats, finalSeats, lingerMs }: Work): number => initialSeats * estimatedMs + finalSeats * lingerMs

export class FairQueues {
  readonly #queues = new Map<number, Queue>()
  /** Queues with waiting requests; the last one served is at the end. */
  readonly #waitingQueues = new Set<Queue>()
  /** Queues with waiting or running requests. */
  #active = 0
  #turn = 0
  #progress = 0

  get progress(): number {
    return this.#progress
  }

  /** The existing queues by number. */
  get all(): readonly Queue[] {
    return [...this.#queues.values()].sort((a, b) => a.index - b.index)
  }

  /** Advances the progress by `ms` in which each busy queue had an equal part of `seats`. */
  advance(ms: number, seats: number): void {
    if (this.#active > 0) this.#progress += (ms * seats) / this.#active
  }

  /** The queue of the hand with the least waiting work. Ties rotate, so that overlapping hands do not share their first queue. */
  shortest(hand: readonly number[]): Queue {
    const offset = this.#turn++ % hand.length
    let best: Queue | undefined
    let least = Number.POSITIVE_INFINITY
    for (let card = 0; card < hand.length; card++) {
      const index = hand[(offset + card) % hand.length] ?? 0
      const queue = this.#queues.get(index)
      if (queue === undefined) return this.#newQueue(index)
      if (queue.waitingWork >= least) continue
      least = queue.waitingWork
      best = queue
    }
    return best ?? this.#newQueue(0)
  }

  #newQueue(index: number): Queue {
    const queue: Queue = { index, waiting: new Set(), waitingWork: 0, executing: 0, seats: 0, nextStart: this.#progress }
    this.#queues.set(index, queue)
    return queue
  }

  forgetIfUnused(queue: Queue): void {
    if (queue.executing === 0 && queue.waiting.size === 0 && queue.seats === 0) this.#queues.delete(queue.index)
  }

  /** An idle queue starts at the current progress. */
  #enter(queue: Queue): void {
    if (queue.executing > 0 || queue.waiting.size > 0) return
    queue.nextStart = this.#progress
    this.#active++
  }

  add(asking: SeatRequest, queue: Queue, now: number): Waiting {
    this.#enter(queue)
    const work = workOf(asking.work)
    const waiting: Waiting = {
      ...{ asking, queue, work, arrivalProgress: this.#progress, arrived: now },
      ...{ begin: undefined, begun: undefined },
    }
    queue.waiting.add(waiting)
    queue.waitingWork += work
    this.#waitingQueues.add(queue)
    return waiting
  }

  /** Removes a request that did not run. */
  remove(waiting: Waiting): void {
    const { queue } = waiting
    this.#takeOut(waiting)
    if (queue.executing === 0 && queue.waiting.size === 0) this.#active--
    this.forgetIfUnused(queue)
  }

  #takeOut(waiting: Waiting): void {
    const { queue, work } = waiting
    queue.waiting.delete(waiting)
    queue.waitingWork -= work
    if (queue.waiting.size === 0) this.#waitingQueues.delete(queue)
    bound(queue)
  }

  /** Of the requests that `mayRun`, the one that would finish first; undefined if none may run. */
  next(mayRun: (asking: SeatRequest) => boolean): Waiting | undefined {
    let best: Waiting | undefined
    let earliest = Number.POSITIVE_INFINITY
    for (const queue of this.#waitingQueues) {
      const oldest = oldestOf(queue, mayRun)
      if (oldest === undefined) continue
      const end = queue.nextStart + oldest.work
      if (end >= earliest) continue
      earliest = end
      best = oldest
    }
    return best
  }

  /** Starts a waiting request. Among queues with equal progress, the others are next. */
  begin(waiting: Waiting): void {
    const { queue } = waiting
    this.#takeOut(waiting)
    queue.executing++
    queue.nextStart += waiting.work
    if (queue.waiting.size === 0) return
    this.#waitingQueues.delete(queue)
    this.#waitingQueues.add(queue)
    bound(queue)
  }

  /** Starts a request that did not wait. */
  beginAtOnce(queue: Queue, work: Work): void {
    this.#enter(queue)
    queue.executing++
    queue.nextStart += workOf(work)
  }

  /** Charges the queue for the real duration of the request. */
  ended(queue: Queue, { initialSeats }: Work, tookMs: number): void {
    queue.executing--
    queue.nextStart -= initialSeats * (estimatedMs - tookMs)
    bound(queue)
    if (queue.executing === 0 && queue.waiting.size === 0) this.#active--
  }
}

/** A queue cannot save up service while its demand is below its share. */
function bound(queue: Queue): void {
  for (const { arrivalProgress } of queue.waiting) {
    if (queue.nextStart < arrivalProgress) queue.nextStart = arrivalProgress
    return
  }
}

function oldestOf(queue: Queue, mayRun: (asking: SeatRequest) => boolean): Waiting | undefined {
  let looked = 0
  for (const waiting of queue.waiting) {
    if (mayRun(waiting.asking)) return waiting
    if (++looked >= lookAhead) return undefined
  }
  return undefined
}
