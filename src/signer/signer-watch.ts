// Whether the signer answers: asked all the time, so that whoever wants to know never waits for a signer that hangs.
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Signer } from './signer.ts'

export interface SignerWatchOptions {
  readonly signer: Pick<Signer, 'tokenKeys'>
  readonly clock: Clock
  readonly log: Logger
}

/** Between an answer and the next question. */
const everyMs = 2000
/** A question that is open this long counts as not answered. */
const silentMs = 5000

export class SignerWatch {
  readonly #options: SignerWatchOptions
  #asked: number | undefined
  #failure: string | undefined

  constructor(options: SignerWatchOptions) {
    this.#options = options
  }

  /** What is wrong; undefined while the signer answers. */
  check(): string | undefined {
    if (this.#asked !== undefined && this.#options.clock.monotonic() - this.#asked >= silentMs) return 'the signer does not answer'
    return this.#failure
  }

  /** Asks until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { signer, clock, log } = this.#options
    while (!signal.aborted) {
      this.#asked = clock.monotonic()
      try {
        await signer.tokenKeys(signal)
        this.#failure = undefined
      } catch (err) {
        if (signal.aborted) return
        this.#failure = 'the signer failed'
        log.error('signer not reached', { err })
      }
      this.#asked = undefined
      await pause(clock, everyMs, signal)
    }
  }
}
