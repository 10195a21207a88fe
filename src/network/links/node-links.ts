// Keeps this node's WireGuard links as the cluster's nodes are: a key that is published gives a peer and a route, a node that goes loses both.
import type { NodeLink } from '../../api/types/bulkhead-v1alpha1.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { nodeLinks } from '../../client/resources.ts'
import { ChangeSignal } from '../change-signal.ts'
import { applyLinks, type DeviceOptions, hasDevice } from './link-device.ts'
import { type Peer, planPeers } from './plan-peers.ts'

export interface NodeLinksOptions {
  readonly client: Client
  readonly nodeName: string
  readonly clusterPods: string
  /** Undefined if the machine has no WireGuard; `missing` is then the reason. */
  readonly device: DeviceOptions | undefined
  readonly missing: string | undefined
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  /** Default: the machine's. */
  readonly apply?: (device: DeviceOptions, peers: readonly Peer[]) => Promise<void>
  readonly isThere?: (device: string) => Promise<boolean>
}

const retryMs = 2_000
/** What another program changed is put right within this time. */
const repairMs = 30_000

export class NodeLinks {
  readonly #options: NodeLinksOptions
  readonly #changes = new ChangeSignal()
  readonly #links: Informer<NodeLink>
  #problem: string | undefined

  constructor(options: NodeLinksOptions) {
    this.#options = options
    const { client, clock, log, random } = options
    this.#links = new Informer({ client, clock, log, random, resource: nodeLinks })
  }

  /** Why pods of this node cannot reach those of another; undefined if they can, or there is no other. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Runs until the signal. The links stay: pods talk on while the agent restarts. */
  async run(signal: AbortSignal): Promise<void> {
    const raise = () => this.#changes.raise()
    const stop = this.#links.onChange({ add: raise, update: raise, delete: raise })
    try {
      await Promise.all([this.#links.run(signal), this.#keep(signal)])
    } catch (err) {
      if (!signal.aborted) throw err
    } finally {
      stop()
    }
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    await this.#links.synced(signal)
    // A node without peers has no interface, unless an earlier agent left one.
    let hadPeers = await this.#wasLeft()
    while (!signal.aborted) {
      this.#changes.clear()
      let wait = repairMs
      try {
        hadPeers = (await this.#apply(hadPeers)) || hadPeers
      } catch (err) {
        this.#report(messageOf(err), err)
        wait = retryMs
      }
      const round = new AbortController()
      const either = AbortSignal.any([signal, round.signal])
      await Promise.race([this.#changes.next(either), pause(clock, wait, either)]).catch((err: unknown) => {
        if (!signal.aborted) log.error('links not followed', { err })
      })
      round.abort()
    }
  }

  async #wasLeft(): Promise<boolean> {
    const { device, isThere = hasDevice } = this.#options
    return device !== undefined && (await isThere(device.device))
  }

  /** Whether there are peers. */
  async #apply(hadPeers: boolean): Promise<boolean> {
    const { device, missing, nodeName, clusterPods, apply = applyLinks } = this.#options
    const own = { node: nodeName, publicKey: device?.key.publicKey ?? '', podCidr: device?.podCidr ?? '' }
    const others = this.#links.list().filter(({ metadata, spec }) => metadata.name !== nodeName && spec.publicKey !== undefined)
    if (device === undefined) {
      this.#report(others.length === 0 ? undefined : (missing ?? 'this machine has no WireGuard'))
      return false
    }
    const { peers, problems } = planPeers(others, own, clusterPods)
    if (peers.length > 0 || hadPeers) await apply(device, peers)
    this.#report(problems.length === 0 ? undefined : problems.join('; '))
    return peers.length > 0
  }

  #report(problem: string | undefined, err?: unknown): void {
    if (problem !== undefined && problem !== this.#problem) this.#options.log.error('links to other nodes', { problem, err })
    this.#problem = problem
  }
}
