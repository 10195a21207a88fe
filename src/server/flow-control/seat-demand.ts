// A level's demand for seats over time: average, deviation and peak per period, smoothed so that seats are not lent away right after a burst.

/** Upstream's value: with periods of ten seconds, past demand halves in five minutes. */
const smoothing = 0.977

export interface DemandSummary {
  readonly average: number
  readonly deviation: number
  readonly highWatermark: number
  readonly smoothed: number
}

export class SeatDemand {
  #value = 0
  #since: number
  #began: number
  #area = 0
  #squares = 0
  #peak = 0
  #summary: DemandSummary = { average: 0, deviation: 0, highWatermark: 0, smoothed: 0 }

  constructor(now: number) {
    this.#since = now
    this.#began = now
  }

  set(value: number, now: number): void {
    const ms = now - this.#since
    this.#area += this.#value * ms
    this.#squares += this.#value * this.#value * ms
    this.#since = now
    this.#value = value
    if (value > this.#peak) this.#peak = value
  }

  get summary(): DemandSummary {
    return this.#summary
  }

  /** Ends the period and starts the next one. */
  endPeriod(now: number): DemandSummary {
    this.set(this.#value, now)
    const ms = now - this.#began
    const average = ms > 0 ? this.#area / ms : this.#value
    const deviation = ms > 0 ? Math.sqrt(Math.max(0, this.#squares / ms - average * average)) : 0
    const envelope = Math.min(this.#peak, average + deviation)
    const smoothed = Math.max(envelope, smoothing * this.#summary.smoothed + (1 - smoothing) * envelope)
    this.#summary = { average, deviation, highWatermark: this.#peak, smoothed }
    this.#began = now
    this.#area = 0
    this.#squares = 0
    this.#peak = this.#value
    return this.#summary
  }
}
