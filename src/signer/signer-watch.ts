// Checks regularly whether the signer answers, so that health checks never wait for a hanging signer.
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Signer } from './signer.ts'

export interface SignerWatchOptions {
  readonly signer: Pick<Signer, 'tokenKeys'>
  readonly clock: Clock
  readonly log: Logger
}

/** Pause between an answer and the next request. */
const everyMs = 2000
/** A request without an answer for this long counts as failed. */
const silentMs = 5000

export class SignerWatch {
  readonly #options: SignerWatchOptions
  #asked: number | undefined
  #failure: string | undefined

  constructor(options: SignerWatchOptions) {
    this.#options = options
  }

  /** The fault; undefined while the signer answers. */
  check(): string | undefined {
    if (this.#asked !== undefined && this.#options.clock.monotonic() - this.#asked >= silentMs) return 'the signer does not answer'
    return this.#failure
  }

  /** Checks until the signal. */
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
        log.error('cannot reach the signer', { err })
      }
      this.#asked = undefined
      await pause(clock, everyMs, signal)
    }
  }
}
