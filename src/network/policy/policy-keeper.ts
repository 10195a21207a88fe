// Keeps the rules for network policies of one node in the kernel: follows policies, namespaces and pods, and holds the containers of a pod
// back until its rules are loaded.
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import type { NamespaceLabels, PodAddress } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { NetworkPolicy } from '../../api/types/networking-v1.ts'
import { untilAborted } from '../../base/async/abort.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { namespaceLabels, networkPolicies, podAddresses } from '../../client/resources.ts'
import { ChangeSignal } from '../change-signal.ts'
import { runProgram } from '../command.ts'
import { compilePolicy } from './compile-policy.ts'
import { podLink } from './pod-link.ts'
import { peerPod, policyPod } from './policy-pods.ts'
import { PolicyTable } from './policy-table.ts'
import { parseRefused } from './refused-connections.ts'
import { hookChains, type PolicyNetwork, renderChange, renderTable } from './render-policy.ts'

export interface PolicyKeeperOptions {
  readonly client: Client
  readonly nodeName: string
  readonly table: string
  readonly dns: PolicyNetwork['dns']
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  /** Runs nft; default: the machine's. */
  readonly nft?: (args: readonly string[], input?: string) => Promise<string>
  /** Default: from the machine's routes. */
  readonly linkOf?: (address: string) => Promise<string | undefined>
}

/** A pod that already runs when the keeper starts. */
export interface RunningPod {
  readonly uid: string
  readonly address: string
}

const retryMs = 2_000

export class PolicyKeeper {
  readonly #options: PolicyKeeperOptions
  readonly #nft: NonNullable<PolicyKeeperOptions['nft']>
  readonly #linkOf: NonNullable<PolicyKeeperOptions['linkOf']>
  readonly #table: PolicyTable
  readonly #changes = new ChangeSignal()
  readonly #policies: Informer<NetworkPolicy>
  readonly #namespaces: Informer<NamespaceLabels>
  readonly #addresses: Informer<PodAddress>
  readonly #started = Promise.withResolvers<void>()
  /** Counts requests, and the request that the kernel has reached. */
  #asked = 1
  #applied = 0
  #turn = Promise.withResolvers<unknown>()
  /** The kernel may differ from the table: all of it must be replaced. */
  #whole = true
  #loadedHooks = ''
  #problem: string | undefined = 'the rules are not in the kernel yet'

  constructor(options: PolicyKeeperOptions) {
    const { client, nodeName, dns, clock, log, random } = options
    this.#options = options
    this.#nft = options.nft ?? ((args, input) => runProgram('nft', args, input))
    this.#linkOf = options.linkOf ?? podLink
    this.#table = new PolicyTable({ nodeName, dnsAddress: dns.address })
    const shared = { client, clock, log, random }
    this.#policies = new Informer({ ...shared, resource: networkPolicies })
    this.#namespaces = new Informer({ ...shared, resource: namespaceLabels })
    this.#addresses = new Informer({ ...shared, resource: podAddresses })
  }

  /**
   * Resolves when the pod's rules are in the kernel, from policies at least as new as the pod; then containers may start. Returns at once
   * if the pod is known at this address. Rejects with the signal's reason, or if the pod has no link, the API does not answer, or the
   * kernel refuses the rules. The next call continues where this one stopped.
   */
  async open(pod: Pod, address: string, signal: AbortSignal): Promise<void> {
    const known = policyPod(pod)
    if (this.#table.hasLocal(known.uid, address)) return await this.#reached(this.#asked, signal)
    await untilAborted(this.#started.promise, signal)
    if (Number(this.#policies.resourceVersion) < known.version) {
      const policies = await this.#options.client.listAll(networkPolicies, { namespace: known.namespace }, signal)
      for (const policy of policies) this.#table.setPolicy(compilePolicy(policy))
    }
    const link = await this.#linkOf(address)
    if (link === undefined) throw new Error(`Cannot find the link of the pod at ${address}: no route leads to it`)
    this.#table.open({ ...known, address, link })
    await this.#reached(this.#raise(), signal)
  }

  /** The pod's network was removed. */
  close(uid: string): void {
    if (this.#table.close(uid)) this.#raise()
  }

  /** Resolves when the kernel first has the rules; rejects with the signal's reason. */
  async inForce(signal: AbortSignal): Promise<void> {
    while (this.#applied === 0) await untilAborted(this.#turn.promise, signal)
  }

  /** Undefined if the kernel holds the requested rules; otherwise the reason. Reads the kernel and repairs what was removed. */
  async problem(signal: AbortSignal): Promise<string | undefined> {
    if (this.#problem !== undefined) return this.#problem
    const changed = await this.#hooks().then(
      hooks => (hooks === this.#loadedHooks ? undefined : 'another program changed them'),
      (err: unknown) => messageOf(err),
    )
    signal.throwIfAborted()
    if (changed === undefined) return undefined
    this.#whole = true
    this.#raise()
    return `the rules were not in the kernel as they should be and are put there again: ${changed}`
  }

  /** The chains with hooks, as nft lists them. If a command names several objects, nft lists none. */
  async #hooks(): Promise<string> {
    const listed: string[] = []
    for (const chain of hookChains) listed.push(await this.#nft(['-s', 'list', 'chain', 'inet', this.#options.table, chain]))
    return listed.join('')
  }

  /** Refusals of the last minutes, newest of each direction first. */
  async refused(): Promise<RefusedConnection[]> {
    const { table, dns } = this.#options
    const [egress, ingress] = await Promise.all(
      (['egress', 'ingress'] as const).map(async direction =>
        parseRefused(await this.#nft(['-j', 'list', 'set', 'inet', table, `refused_${direction}`]), direction, dns),
      ),
    )
    return [...(egress ?? []), ...(ingress ?? [])]
  }

  /**
   * Runs until the signal; the rules then stay in the kernel. `running` are pods that an earlier agent started: nothing is replaced until
   * they are known, so that a restart of the agent neither opens nor cuts connections.
   */
  async run(localPods: string, running: readonly RunningPod[], signal: AbortSignal): Promise<void> {
    const { table, dns } = this.#options
    const informers = [this.#policies, this.#namespaces, this.#addresses]
    const stop = this.#follow()
    try {
      await Promise.all([...informers.map(informer => informer.run(signal)), this.#keep({ table, localPods, dns }, running, signal)])
    } catch (err) {
      if (!signal.aborted) throw err
    } finally {
      stop()
    }
  }

  async #keep(network: PolicyNetwork, running: readonly RunningPod[], signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    await Promise.all([this.#policies, this.#namespaces, this.#addresses].map(informer => informer.synced(signal)))
    for (const { uid, address } of running) {
      const link = await this.#linkOf(address)
      if (link !== undefined) this.#table.adopt(uid, address, link)
    }
    this.#started.resolve()
    while (!signal.aborted) {
      this.#changes.clear()
      const asked = this.#asked
      try {
        await this.#apply(network)
        this.#applied = asked
        this.#problem = undefined
        this.#endTurn()
        await this.#changes.next(signal)
      } catch (err) {
        if (signal.aborted) return
        this.#whole = true
        this.#problem = messageOf(err)
        this.#endTurn(err)
        log.error('rules for network policies not applied', { err })
        await pause(clock, retryMs, signal)
      }
    }
  }

  async #apply(network: PolicyNetwork): Promise<void> {
    if (this.#whole) {
      this.#table.forgetHeld()
      await this.#nft(['-f', '-'], renderTable(network, this.#table.change()))
      this.#loadedHooks = await this.#hooks()
      this.#whole = false
      return
    }
    const change = this.#table.change()
    if (change !== undefined) await this.#nft(['-f', '-'], renderChange(network, change))
  }

  #raise(): number {
    this.#changes.raise()
    return ++this.#asked
  }

  /** Rejects with the kernel's reason if it refuses the rules. */
  async #reached(asked: number, signal: AbortSignal): Promise<void> {
    while (this.#applied < asked) {
      const failure = await untilAborted(this.#turn.promise, signal)
      if (failure !== undefined) throw failure
    }
  }

  /** Reports the result of the round to all waiters: undefined means success. */
  #endTurn(failure?: unknown): void {
    const { resolve } = this.#turn
    this.#turn = Promise.withResolvers()
    resolve(failure)
  }

  #follow(): () => void {
    const table = this.#table
    const policy = (object: NetworkPolicy) => {
      table.setPolicy(compilePolicy(object))
      this.#raise()
    }
    const namespace = ({ metadata }: NamespaceLabels) => {
      table.setNamespace(metadata.name ?? '', metadata.labels ?? {})
      this.#raise()
    }
    const address = (object: PodAddress) => {
      if (table.setPeer(peerPod(object))) this.#raise()
    }
    const stops = [
      this.#policies.onChange({
        add: policy,
        update: policy,
        delete: ({ metadata }) => {
          table.deletePolicy(metadata.namespace ?? '', metadata.name ?? '')
          this.#raise()
        },
      }),
      this.#namespaces.onChange({
        add: namespace,
        update: namespace,
        delete: ({ metadata }) => {
          table.setNamespace(metadata.name ?? '', undefined)
          this.#raise()
        },
      }),
      this.#addresses.onChange({
        add: address,
        update: address,
        delete: ({ metadata }) => {
          table.deletePeer(metadata.uid ?? '')
          this.#raise()
        },
      }),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }
}
