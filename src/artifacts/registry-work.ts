// Work at registries, in three queues apart: an answer that admission waits for never waits for what is read in the background. Each namespace has its
// share of each queue, and one registry at most half of that share. A repository that fails is not asked again for a while, in its namespace alone: nobody
// can make a registry fail for others.
import { deadline } from '../base/async/abort.ts'
import type { Clock } from '../base/clock.ts'
import { UserError } from '../base/user-error.ts'
import type { ImageSource } from '../supply-chain/oci/image-source.ts'
import { RegistryUnavailable } from '../supply-chain/oci/registry/registry-error.ts'
import type { PullCredential } from '../supply-chain/policy/image-question.ts'
import type { Registries } from './image-verifier.ts'
import { KeptResults } from './kept-results.ts'
import { NamespaceTurns, TooManyWaiting, type TurnLimits } from './namespace-turns.ts'

/** What the work is for: an image that is being admitted; one that runs; documents that came later. */
export type Purpose = 'admission' | 'again' | 'later'

const background: TurnLimits = { running: 16, ownRunning: 4, firstOnly: 8, waiting: 2000, ownWaiting: 200 }
export const turnLimits = {
  admission: { running: 64, ownRunning: 8, firstOnly: 32, waiting: 2000, ownWaiting: 200 },
  again: background,
  later: background,
} satisfies Record<Purpose, TurnLimits>
/** How long a repository that failed is not contacted again. */
export const failureMs = 10_000
/** For the turn to come, and then for the registry, each. */
export const registryMs = 10_000
const maxFailures = 5000

export interface RegistryRequest {
  readonly purpose: Purpose
  readonly namespace: string
  /** `registry/path` */
  readonly repository: string
  readonly credentials: readonly PullCredential[]
}

interface Queue {
  readonly namespaces: NamespaceTurns
  readonly registries: NamespaceTurns
  /** Repositories of namespaces that failed, with the message. */
  readonly failed: KeptResults<string>
}

export class RegistryWork {
  readonly #registries: Registries
  readonly #clock: Clock
  readonly #queues: Readonly<Record<Purpose, Queue>>

  constructor(registries: Registries, clock: Clock) {
    this.#registries = registries
    this.#clock = clock
    const queue = (limits: TurnLimits): Queue => ({
      namespaces: new NamespaceTurns(limits),
      registries: new NamespaceTurns({ ...limits, running: Number.POSITIVE_INFINITY, ownRunning: limits.ownRunning / 2 }),
      failed: new KeptResults({ entries: maxFailures }, clock),
    })
    this.#queues = { admission: queue(turnLimits.admission), again: queue(turnLimits.again), later: queue(turnLimits.later) }
  }

  /** Rejects with TooManyWaiting, a UserError if the registry fails, or as `work` does. Its signal is not the caller's: others may wait for the result. */
  async run<T>(request: RegistryRequest, work: (source: ImageSource, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { purpose, namespace, repository } = request
    const { namespaces, registries, failed } = this.#queues[purpose]
    const key = `${namespace}\n${repository}`
    const requireWorking = () => {
      const known = failed.get(key, failureMs)
      if (known !== undefined) throw new UserError(known)
    }
    requireWorking()
    const registry = repository.slice(0, repository.indexOf('/'))
    using turn = deadline(this.#clock, registryMs)
    const begin = async () => {
      // It may have failed while this waited.
      requireWorking()
      return await namespaces.run(namespace, () => this.#work(request, registry, work), turn.signal)
    }
    try {
      return await registries.run(`${namespace}\n${registry}`, begin, turn.signal)
    } catch (err) {
      // Others of the namespace were first: the registry is not known to fail.
      if (err === turn.signal.reason) throw new TooManyWaiting(namespace)
      if (err instanceof RegistryUnavailable) failed.set(key, err.message)
      throw err
    }
  }

  async #work<T>(
    { repository, credentials }: RegistryRequest,
    registry: string,
    work: (source: ImageSource, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using late = deadline(this.#clock, registryMs)
    try {
      return await work(this.#registries.open(repository, credentials), late.signal)
    } catch (err) {
      if (!late.signal.aborted) throw err
      throw new RegistryUnavailable(`registry ${registry} did not answer in ${registryMs / 1000} s`, { cause: err })
    }
  }
}
