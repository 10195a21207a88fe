// The way from a part of the simulated cluster to the API server: it takes time, loses requests and answers, and can be cut or frozen.
import type { Clock } from '../../src/base/clock.ts'
import type { ApiRequest, ApiResponse, Transport } from '../../src/client/transport/transport.ts'
import type { Random } from '../consistency/random.ts'

/** As those of http-session.ts: a connection that answers no ping is closed. */
const pingMs = 30_000

export interface WireOptions {
  /** The server that answers now; undefined while none does. */
  readonly server: () => Transport | undefined
  readonly clock: Clock
  readonly random: Random
}

export class Wire implements Transport {
  readonly #options: WireOptions
  readonly #open = new Set<AbortController>()
  #cut = false
  #thawed: PromiseWithResolvers<void> | undefined
  /** The share of requests that get lost, half of them after the server has answered. */
  lossShare = 0
  /** Longest time of one way. */
  mostMs = 5

  constructor(options: WireOptions) {
    this.#options = options
  }

  cut(): void {
    this.#cut = true
    this.#breakAll()
  }

  /** Nothing passes, and nobody learns of it, until `heal` or the next ping. */
  freeze(): void {
    this.#thawed ??= Promise.withResolvers()
  }

  heal(): void {
    this.#cut = false
    this.lossShare = 0
    this.mostMs = 5
    this.#thawed?.resolve()
    this.#thawed = undefined
  }

  request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    return this.#request(request, signal, this.#options.server)
  }

  /** Another user of the same wire. */
  as(server: () => Transport | undefined): Transport {
    return {
      request: (request, signal) => this.#request(request, signal, server),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }

  async #request(request: ApiRequest, signal: AbortSignal, serverOf: () => Transport | undefined): Promise<ApiResponse> {
    const broken = new AbortController()
    this.#open.add(broken)
    const either = AbortSignal.any([signal, broken.signal])
    try {
      const lost = this.lossShare > 0 && this.#options.random.next() < this.lossShare
      await this.#pass(either)
      const server = serverOf()
      if (server === undefined) throw new Error('connect ECONNREFUSED')
      if (lost && this.#options.random.next() < 0.5) throw new Error('the request was lost')
      const response = await server.request(request, either)
      await this.#pass(either)
      if (lost) throw new Error('the answer was lost')
      return { ...response, body: this.#carried(response.body, either, broken) }
    } catch (err) {
      this.#open.delete(broken)
      broken.abort(err)
      throw err
    }
  }

  async *#carried(body: AsyncIterable<Buffer>, signal: AbortSignal, broken: AbortController): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of body) {
        await this.#pass(signal)
        yield chunk
      }
      if (broken.signal.aborted) throw broken.signal.reason
    } finally {
      this.#open.delete(broken)
    }
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    await clock.sleep(1 + random.below(this.mostMs), signal)
    if (this.#thawed !== undefined) {
      const ping = new AbortController()
      await Promise.race([
        this.#thawed.promise,
        clock.sleep(pingMs, AbortSignal.any([signal, ping.signal])).then(() => {
          throw new Error('the connection answers no ping')
        }),
      ]).finally(() => ping.abort())
    }
    signal.throwIfAborted()
    if (this.#cut) throw new Error('read ECONNRESET')
  }

  #breakAll(): void {
    for (const each of this.#open) each.abort(new Error('read ECONNRESET'))
    this.#open.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#breakAll()
  }
}
