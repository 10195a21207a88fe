// Limits how many requests begin and streams end in one round of the event loop. A client that sends hundreds of requests in one packet, or leaves thousands of
// streams, must neither block the loop nor delay the requests of others behind all of its own.

/**
 * A request takes 0.1 to 0.4 ms of the loop until it first waits, so this many take about 2 ms. Others do not wait behind a whole burst, and
 * the data of few requests stays in the processor's cache: with twice as many, a pod costs a tenth more processor time.
 */
const startsPerRound = 8
/** The end of a watch takes about 40 µs, most of it for its audit record. */
const endsPerRound = 64

/** Waiting requests of one connection, oldest first. */
export type ConnectionQueue = (() => void)[]

export class RequestRounds {
  readonly #starts = new Rounds(startsPerRound)
  readonly #ends = new Rounds(endsPerRound)
  readonly #left: ConnectionQueue = []

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
  #run = 0
  #isOpen = false
  /** Queues that are not empty, in the order of their turns. */
  readonly #waiting: ConnectionQueue[] = []

  constructor(perRound: number) {
    this.#perRound = perRound
  }

  run(queue: ConnectionQueue, work: () => void): void {
    const runs = this.#run < this.#perRound && this.#waiting.length === 0
    if (runs) this.#run++
    else if (queue.push(work) === 1) this.#waiting.push(queue)
    // The next round is a separate turn of the loop. Single requests need no round and only count, until half a round has come together.
    if (!this.#isOpen && this.#run > this.#perRound / 2) {
      this.#isOpen = true
      setImmediate(this.#nextRound)
    }
    if (runs) work()
  }

  readonly #nextRound = (): void => {
    const works = this.#take()
    this.#run = works.length
    // Rounds continue while there is work: an idle server schedules nothing.
    this.#isOpen = works.length > 0
    if (this.#isOpen) setImmediate(this.#nextRound)
    for (const work of works) work()
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
    return works
  }
}
