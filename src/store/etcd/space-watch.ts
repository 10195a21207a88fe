// Looks after the space of etcd's members, and says what an operator should do.
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { EtcdClient } from './etcd-client.ts'
import { askMembers, fragmented, spaceAdvice } from './members.ts'

const lookEveryMs = 60_000
const askMs = 5_000

export class SpaceWatch {
  readonly #options: { readonly client: EtcdClient; readonly clock: Clock; readonly log: Logger }
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #bytes = 0
  #told: string | undefined

  constructor(options: { readonly client: EtcdClient; readonly clock: Clock; readonly log: Logger }) {
    this.#options = options
  }

  /** Size of the largest member's file. */
  get bytes(): number {
    return this.#bytes
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The store is closed'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { client, clock, log } = this.#options
    const { signal } = this.#closing
    for (; !signal.aborted; await pause(clock, lookEveryMs, signal)) {
      const members = await askMembers(client, askMs, signal)
      if (signal.aborted) return
      this.#bytes = Math.max(0, ...members.map(({ status }) => status?.dbSize ?? 0))
      const advice = spaceAdvice(members) ?? fragmented(members)
      // Said once, until something else is to be said.
      if (advice !== undefined && advice !== this.#told) log.error('etcd needs care', { advice })
      this.#told = advice
    }
  }
}
