// Reports the head of the log to the signer, which keeps it where it cannot be restored together with the store. It lags behind, because
// only durable heads are reported.
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { StoreHead } from './store-head.ts'

export interface HeadKeeperOptions {
  keep(head: StoreHead, signal: AbortSignal): Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

/** Limits the rate, because there may be thousands of writes per second. */
const everyMs = 1000
const lastKeepMs = 10_000

export class HeadKeeper {
  readonly #options: HeadKeeperOptions
  readonly #closing = new AbortController()
  /** The newest head that is not kept yet. */
  #moved: StoreHead | undefined
  #running: Promise<void> | undefined

  constructor(options: HeadKeeperOptions) {
    this.#options = options
  }

  /** The log now ends here, durably. */
  moved(head: StoreHead): void {
    this.#moved = head
    if (this.#running === undefined && !this.#closing.signal.aborted) this.#running = this.#run()
  }

  /** Without an answer, the older head stays kept, which the log contains too. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#running
    await this.#keep(AbortSignal.timeout(lastKeepMs))
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (this.#moved !== undefined && !signal.aborted) {
      await this.#keep(signal)
      await pause(this.#options.clock, everyMs, signal)
    }
    this.#running = undefined
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const head = this.#moved
    if (head === undefined) return
    try {
      await this.#options.keep(head, signal)
      if (this.#moved === head) this.#moved = undefined
    } catch (err) {
      if (!this.#closing.signal.aborted || signal !== this.#closing.signal)
        this.#options.log.error('cannot report the head of the store to the signer', { err })
    }
  }
}
