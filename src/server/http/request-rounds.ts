// Limits how many requests begin and streams end in one round of the event loop. A client that sends hundreds of requests in one packet, or leaves thousands of
// streams, must neither block the loop nor delay the requests of others behind all of its own.

import { processorMs } from '../../base/async/processor-time.ts'
import { turnsMs } from '../../base/async/turns.ts'

/**
 * A request takes 0.1 to 0.4 ms of the loop until it first waits, so this many take about 2 ms. Others do not wait behind a whole burst, and
 * the data of few requests stays in the processor's cache: with twice as many, a pod costs a tenth more processor time.
 */
const startsPerRound = 8
/**
 * Where a round and what its requests led to took longer than this, the next round begins half as many, down to one. Connections then take turns by the time that
 * their requests took, and no longer by number: a client of cheap requests waits for one costly request of others, and not for eight of each of their connections.
 */
const longRoundMs = 10
/** The end of a watch takes about 40 µs, most of it for its audit record. */
const endsPerRound = 64

/** Turns of large requests do not count: there is one in each round, however few requests begin. */
const startsMs = (): number => processorMs() - turnsMs()

/** Waiting requests of one connection, oldest first. */
export type ConnectionQueue = (() => void)[]

export class RequestRounds {
  readonly #starts: Rounds
  readonly #ends: Rounds
  readonly #left: ConnectionQueue = []

  /** `now` is milliseconds of work, which only grow. */
  constructor(now: () => number = startsMs) {
    this.#starts = new Rounds(startsPerRound, now)
    this.#ends = new Rounds(endsPerRound, now)
  }

  /** Begins the request now or in a later round: after waiting requests of its own connection, and in turn with those of others. */
  begin(queue: ConnectionQueue, start: () => void): void {
    this.#starts.run(queue, start)
  }

  /** Tells a request that its client is gone, now or in a later round. */
  leave(end: () => void): void {
    this.#ends.run(this.#left, end)
  }
}

class Rounds {
  readonly #perRound: number
  readonly #now: () => number
  readonly #turns = new FairTurns()
  /** How many may run in this round. */
  #most: number
  #began = 0
  /** Queues of what ran in this round. */
  #ran: ConnectionQueue[] = []
  #isOpen = false
  /** Queues that are not empty, in the order of their turns. */
  readonly #waiting: ConnectionQueue[] = []

  constructor(perRound: number, now: () => number) {
    this.#perRound = perRound
    this.#most = perRound
    this.#now = now
  }

  run(queue: ConnectionQueue, work: () => void): void {
    const runs = this.#ran.length < this.#most && this.#waiting.length === 0
    if (runs) this.#ran.push(queue)
    else if (queue.push(work) === 1) {
      this.#waiting.push(queue)
      this.#turns.join(queue)
    }
    // The next round is another turn of the loop. Requests that come one at a time do without it, and count until half a round has come.
    if (!this.#isOpen && this.#ran.length > this.#most / 2) {
      this.#isOpen = true
      this.#began = this.#now()
      setImmediate(this.#nextRound)
    }
    if (runs) work()
  }

  readonly #nextRound = (): void => {
    const now = this.#now()
    this.#adjust(now - this.#began)
    this.#began = now
    const works = this.#take()
    // Rounds end when there is no more work: a quiet server schedules nothing.
    this.#isOpen = works.length > 0
    if (this.#isOpen) setImmediate(this.#nextRound)
    else this.#most = this.#perRound
    for (const work of works) work()
  }

  /** The loop does not rest between two rounds: the time is that of what ran, and of what it led to. */
  #adjust(tookMs: number): void {
    if (tookMs > longRoundMs) {
      for (const queue of this.#ran) this.#turns.charge(queue, tookMs / this.#ran.length)
      this.#most = Math.max(1, this.#most >> 1)
    } else if (tookMs < longRoundMs / 2) this.#most = Math.min(this.#perRound, this.#most * 2)
  }

  #take(): (() => void)[] {
    this.#ran = []
    const works: (() => void)[] = []
    while (works.length < this.#most) {
      if (this.#most < this.#perRound) this.#turns.bringForward(this.#waiting)
      const queue = this.#waiting.shift()
      const work = queue?.shift()
      if (queue === undefined || work === undefined) break
      works.push(work)
      this.#ran.push(queue)
      if (queue.length > 0) this.#waiting.push(queue)
    }
    return works
  }
}

/** Of two that have spent the same, the one goes first that just came. */
const headStartMs = 1

/** Whose turn is next by the time that was spent for each: start-time fair queueing (Goyal, Vin, Cheng 1996). */
class FairTurns {
  /** Milliseconds; of those that were never charged nothing is kept. */
  readonly #spent = new WeakMap<ConnectionQueue, number>()
  /** That of the last one whose turn came: who comes back after a pause has saved nothing up. */
  #current = 0

  join(queue: ConnectionQueue): void {
    const spent = this.#spent.get(queue)
    if (spent !== undefined && spent < this.#current - headStartMs) this.#spent.delete(queue)
  }

  charge(queue: ConnectionQueue, ms: number): void {
    this.#spent.set(queue, this.#of(queue) + ms)
  }

  /** Puts the one that spent least, of several the first, at the front. */
  bringForward(waiting: ConnectionQueue[]): void {
    let best = 0
    let least = Number.POSITIVE_INFINITY
    for (const [index, queue] of waiting.entries()) {
      const spent = this.#of(queue)
      if (spent >= least) continue
      least = spent
      best = index
    }
    const [queue] = waiting.splice(best, 1)
    if (queue === undefined) return
    waiting.unshift(queue)
    this.#current = least
  }

  #of(queue: ConnectionQueue): number {
    return this.#spent.get(queue) ?? this.#current - headStartMs
  }
}
