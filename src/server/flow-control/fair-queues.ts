// Fair queuing for server requests, as KEP-1040 describes it: of all queues the one is next whose oldest request would end first if each busy queue had
// an equal part of the seats all the time. Progress and work are seats × milliseconds.
import type { UserInfo } from '../../api/user.ts'
import type { RequestInfo } from '../request/request-info.ts'
import type { Flow } from './flow.ts'
import type { FlowCounters } from './flow-counters.ts'
import type { Work } from './work-estimate.ts'

/** Gives the seats back; calling it again does nothing. */
export type Release = () => void

/** A request that wants seats of a level. */
export interface SeatRequest {
  readonly user: UserInfo
  readonly info: RequestInfo
  readonly flow: Flow
  readonly work: Work
  readonly counters: FlowCounters
  /** 1 where it changes something. */
  readonly mutating: 0 | 1
  /** Milliseconds. */
  readonly maxWait: number
  /** Asked for only by a request that waits. */
  signal(): AbortSignal
}

/** Kept while something waits or runs in it, or holds seats behind its answer. */
export interface Queue {
  readonly index: number
  readonly waiting: Set<Waiting>
  waitingWork: number
  executing: number
  seats: number
  /** The progress at which its next request begins if it gets what it is due. */
  nextStart: number
}

export interface Waiting {
  readonly asking: SeatRequest
  readonly queue: Queue
  readonly work: number
  /** Progress and time when it came. */
  readonly arrivalProgress: number
  readonly arrived: number
  /** Set while somebody waits for the outcome. */
  begin: ((release: Release) => void) | undefined
  /** Set where it began before anybody waited. */
  begun: Release | undefined
}

/** What a request is taken to last before it is known, as upstream has it. */
const estimatedMs = 3
/** How far a queue is looked into for a request that may run while the oldest one's flow has its share. */
const lookAhead = 16

const workOf = ({ initialSeats, finalSeats, lingerMs }: Work): number => initialSeats * estimatedMs + finalSeats * lingerMs

export class FairQueues {
  readonly #queues = new Map<number, Queue>()
  /** Queues in which something waits, the one that was served last at the end. */
  readonly #waitingQueues = new Set<Queue>()
  /** Queues in which something waits or runs. */
  #active = 0
  #turn = 0
  #progress = 0

  get progress(): number {
    return this.#progress
  }

  /** Those that are kept, in the order of their numbers. */
  get all(): readonly Queue[] {
    return [...this.#queues.values()].sort((a, b) => a.index - b.index)
  }

  /** For the next `ms` each busy queue had an equal part of `seats`. */
  advance(ms: number, seats: number): void {
    if (this.#active > 0) this.#progress += (ms * seats) / this.#active
  }

  /** The queue of the hand with the least work waiting. Which of equals rotates, so that overlapping hands do not share their first. */
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

  /** A queue that was idle begins at the progress of now. */
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

  /** It goes without having run. */
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

  /** Of all queues the request that would end first among those that `mayRun`; undefined where none may. */
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

  /** What waited begins to run. Of queues that are as far the others are next. */
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

  /** A request runs that did not have to wait. */
  beginAtOnce(queue: Queue, work: Work): void {
    this.#enter(queue)
    queue.executing++
    queue.nextStart += workOf(work)
  }

  /** The queue is charged for what the request really took. */
  ended(queue: Queue, { initialSeats }: Work, tookMs: number): void {
    queue.executing--
    queue.nextStart -= initialSeats * (estimatedMs - tookMs)
    bound(queue)
    if (queue.executing === 0 && queue.waiting.size === 0) this.#active--
  }
}

/** Work that was not there yet cannot have been done: a queue saves nothing up while it wants less than its part. */
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
