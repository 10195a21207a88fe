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
 * A round that took longer is followed by slow ones, which begin one request after the other until they have taken as long, each measured with what it led to at
 * once. Connections then take turns by the time that their requests took, and no longer by number: a client of cheap requests waits for one costly request of
 * others, and not for eight of each of their connections.
 */
const longRoundMs = 10
/** So many short rounds in a row end the slow ones. */
const calmRounds = 8
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

  /** Aborts the request because its client disconnected, now or in a later round. */
  leave(end: () => void): void {
    this.#ends.run(this.#left, end)
  }
}

class Rounds {
  readonly #perRound: number
  readonly #now: () => number
  readonly #turns = new FairTurns()
  /** Of this round. */
  #ran = 0
  #began = 0
  #isOpen = false
  #isSlow = false
  #shortRounds = 0
  /** What runs in a slow round, since when. */
  #measured: ConnectionQueue | undefined
  #measuredFrom = 0
  /** Queues that are not empty, in the order of their turns. */
  readonly #waiting: ConnectionQueue[] = []

  constructor(perRound: number, now: () => number) {
    this.#perRound = perRound
    this.#now = now
  }

  run(queue: ConnectionQueue, work: () => void): void {
    const runs = !this.#isSlow && this.#ran < this.#perRound && this.#waiting.length === 0
    if (runs) this.#ran++
    else if (queue.push(work) === 1) {
      this.#waiting.push(queue)
      this.#turns.join(queue)
    }
    // The next round is another turn of the loop. Requests that come one at a time do without it, and count until half a round has come.
    if (!this.#isOpen && (!runs || this.#ran > this.#perRound / 2)) {
      this.#began = this.#now()
      this.#open()
    }
    if (runs) work()
  }

  #open(): void {
    this.#isOpen = true
    setImmediate(this.#nextRound)
    if (!this.#isSlow) return
    // Between these nothing runs but what the request before led to.
    for (let i = 1; i < this.#perRound; i++) setImmediate(this.#nextRequest)
    setImmediate(this.#measure)
  }

  readonly #nextRound = (): void => {
    const now = this.#now()
    this.#measure()
    this.#adjust(now - this.#began)
    this.#began = now
    this.#ran = 0
    // Rounds end when there is no more work: a quiet server schedules nothing.
    this.#isOpen = this.#waiting.length > 0
    if (!this.#isOpen) return
    this.#open()
    if (this.#isSlow) this.#nextRequest()
    else for (const work of this.#take()) work()
  }

  /** The loop does not idle between two rounds: the time is that of the requests and their consequences. */
  #adjust(tookMs: number): void {
    if (tookMs > longRoundMs) this.#isSlow = true
    this.#shortRounds = tookMs < longRoundMs / 2 ? this.#shortRounds + 1 : 0
    if (this.#shortRounds >= calmRounds) this.#isSlow = false
  }

  readonly #nextRequest = (): void => {
    this.#measure()
    const now = this.#now()
    if (this.#ran > 0 && now - this.#began > longRoundMs) return
    this.#turns.bringForward(this.#waiting)
    const queue = this.#waiting.shift()
    const work = queue?.shift()
    if (queue === undefined || work === undefined) return
    if (queue.length > 0) this.#waiting.push(queue)
    this.#ran++
    this.#measured = queue
    this.#measuredFrom = now
    work()
  }

  readonly #measure = (): void => {
    if (this.#measured !== undefined) this.#turns.charge(this.#measured, this.#now() - this.#measuredFrom)
    this.#measured = undefined
  }

  #take(): (() => void)[] {
    const works: (() => void)[] = []
    while (works.length < this.#perRound) {
      const queue = this.#waiting.shift()
      const work = queue?.shift()
      if (queue === undefined || work === undefined) break
      works.push(work)
      if (queue.length > 0) this.#waiting.push(queue)
    }
    this.#ran = works.length
    return works
  }
}

/** For equal time, the newly arrived one is first. */
const headStartMs = 1

/** The next in order of the time spent on each: start-time fair queueing (Goyal, Vin, Cheng 1996). */
class FairTurns {
  /** Milliseconds; nothing is stored for those that were never charged. */
  readonly #spent = new WeakMap<ConnectionQueue, number>()
  /** That of the last one served: an idle one saves nothing up. */
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
