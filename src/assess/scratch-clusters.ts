// The clusters of proofs' own in one run. A first start compiles all code and makes keys, accounts and defaults: one cluster does that, and
// most others begin as its copies.
import { untilAborted } from '../base/async/abort.ts'
import type { Clock } from '../base/clock.ts'
import { request } from './request.ts'
import { ScratchCluster } from './scratch-cluster.ts'
import { until } from './until.ts'

/** Controllers make it after the start. */
const account = '/api/v1/namespaces/default/serviceaccounts/default'

export class ScratchClusters implements AsyncDisposable {
  /** That of `bulkhead`. */
  readonly command: readonly string[]
  readonly #clock: Clock
  readonly #ended = new AbortController()
  #original: Promise<ScratchCluster> | undefined

  constructor(command: readonly string[], clock: Clock) {
    this.command = command
    this.#clock = clock
  }

  /** A stopped cluster that has started once. Its keys are those of all others that this returns. `wrapper` is a program that runs the command. */
  async open(signal: AbortSignal, wrapper: readonly string[] = []): Promise<ScratchCluster> {
    const original = this.#original ?? this.#start()
    this.#original = original
    return await (await untilAborted(original, signal)).copy([...wrapper, ...this.command])
  }

  /** A cluster that has never started, and will make keys of its own. */
  async openNew(): Promise<ScratchCluster> {
    return await ScratchCluster.create(this.command)
  }

  async #start(): Promise<ScratchCluster> {
    const { signal } = this.#ended
    const original = await ScratchCluster.create(this.command)
    try {
      const { transport } = await original.serve([], signal)
      const isThere = async () => {
        const { status } = await request(transport, { method: 'GET', path: account }, signal)
        return status === 200 ? true : undefined
      }
      await until(this.#clock, isThere, signal)
      await original.stop()
      return original
    } catch (err) {
      // The next one tries again.
      this.#original = undefined
      await original[Symbol.asyncDispose]()
      throw err
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort('the run has ended')
    await this.#original?.then(
      original => original[Symbol.asyncDispose](),
      () => undefined, // who asked for it reports the error
    )
  }
}
