// Which requests begin and which streams end in one round of the event loop: a client that sends hundreds at once in one packet, or goes away from thousands, must not
// hold it for all of them, nor keep the requests of others behind all of its own.

/**
 * Until it first waits a request costs 0.1 to 0.4 ms of the loop: so many are about 2 ms. Others that come in the meantime are not behind all of a burst, and what
 * few requests touch is still in the cache of the processor when each goes on: with twice as many a pod costs a tenth more processor time.
 */
const startsPerRound = 8
/** The end of a watch costs some 40 µs, most of it its record in the audit log. */
const endsPerRound = 64

/** What waits for one connection, oldest first. */
export type ConnectionQueue = (() => void)[]

export class RequestRounds {
  readonly #starts = new Rounds(startsPerRound)
  readonly #ends = new Rounds(endsPerRound)
  readonly #left: ConnectionQueue = []

  /** Begins the request now, or in a later round: behind those of its own connection that wait already, and in turn with those of others. */
  begin(queue: ConnectionQueue, start: () => void): void {
    this.#starts.run(queue, start)
  }

  /** Tells a request that its client is gone, now or in a later round as well. */
  leave(end: () => void): void {
    this.#ends.run(this.#left, end)
  }
}

class Rounds {
  readonly #perRound: number
  #run = 0
  #isOpen = false
  /** Those that are not empty; whose turn is next comes first. */
  readonly #waiting: ConnectionQueue[] = []

  constructor(perRound: number) {
    this.#perRound = perRound
  }

  run(queue: ConnectionQueue, work: () => void): void {
    const runs = this.#run < this.#perRound && this.#waiting.length === 0
    if (runs) this.#run++
    else if (queue.push(work) === 1) this.#waiting.push(queue)
    // The next round is a turn of the loop of its own. Those who come one at a time do without, and count until half a round has come together.
    if (!this.#isOpen && this.#run > this.#perRound / 2) {
      this.#isOpen = true
      setImmediate(this.#nextRound)
    }
    if (runs) work()
  }

  readonly #nextRound = (): void => {
    const works = this.#take()
    this.#run = works.length
    // Open as long as a round has anything to do: a quiet server schedules nothing.
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
