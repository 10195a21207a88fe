// Keeps the node's ruleset equal to what Services, EndpointSlices and host ports ask for, and ends UDP flows to targets that are gone.

import { zoneLabel } from '../../api/nodes/topology-labels.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Node, Pod, Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { Informer } from '../../client/cache/informer.ts'
import { ChangeSignal } from '../change-signal.ts'
import { runProgram } from '../command.ts'
import { type Ruleset, renderRuleset, type ServicePort, serviceHooks } from './ruleset.ts'
import { type NodePlace, planHostPorts, planServices } from './service-plan.ts'
import { serviceRanges } from './service-ranges.ts'
import { type UdpTargets, udpTargets } from './stale-flows.ts'
import { endStaleFlows } from './udp-flows.ts'

/** What is read of an informer. */
type Followed<T extends KubeObject> = Pick<Informer<T>, 'list' | 'get' | 'onChange' | 'synced'>

export interface ServiceProxyOptions {
  readonly services: Followed<Service>
  readonly slices: Followed<EndpointSlice>
  readonly cidrs: Followed<ServiceCIDR>
  /** The pods of this node. */
  readonly pods: Followed<Pod>
  /** This node's own Node. */
  readonly nodes: Followed<Node>
  readonly nodeName: string
  readonly network: Omit<Ruleset, 'ports' | 'hostPorts' | 'services'>
  /** The range of Services that the cluster was started with. */
  readonly serviceCidr: string
  readonly clock: Clock
  readonly log: Logger
  /** Runs nft; where left out, the machine's. */
  readonly nft?: (args: readonly string[], input?: string) => Promise<string>
  /** Where left out, by the machine's connection tracking. */
  readonly endStale?: (targets: UdpTargets) => Promise<number>
}

const retryMs = 2_000
/** Listing many chains takes a while: of this many looks one is at the whole table, the others are at the chains with hooks. */
const looksForWhole = 6
/** Addresses in one line of the log. */
const maxReported = 20

export class ServiceProxy {
  readonly #options: ServiceProxyOptions
  readonly #nft: NonNullable<ServiceProxyOptions['nft']>
  readonly #changes = new ChangeSignal()
  /** The kernel may hold something else than what was loaded last. */
  #isLost = true
  #applied = ''
  /** As nft shows what was loaded: the chains with hooks, and the whole table once somebody has looked. */
  #shownHooks = ''
  #shown: string | undefined
  #looks = 0
  /** Counts what was handed to the kernel, so that nobody compares the rules of two rounds. */
  #round = 0
  #problem: string | undefined = 'the rules of Services are not in the kernel yet'
  /** The UDP part of the rules whose stale flows are ended. */
  #swept = ''
  #sweepProblem: string | undefined
  /** What was logged last of addresses that several Services name. */
  #reported = ''

  constructor(options: ServiceProxyOptions) {
    this.#options = options
    this.#nft = options.nft ?? ((args, input) => runProgram('nft', args, input))
  }

  /** Undefined where the kernel holds what Services ask for; otherwise why it does not. Looks, and repairs what somebody removed. */
  async problem(signal: AbortSignal): Promise<string | undefined> {
    if (this.#problem !== undefined) return this.#problem
    const round = this.#round
    const changed = await this.#difference().catch((err: unknown) => messageOf(err))
    signal.throwIfAborted()
    // Rules that were loaded meanwhile are not what was looked at.
    if (round !== this.#round) return this.#problem
    if (changed !== undefined) {
      this.#isLost = true
      this.#changes.raise()
      return `the rules of Services were not in the kernel as they should be and are put there again: ${changed}`
    }
    if (this.#sweepProblem !== undefined) this.#changes.raise()
    return this.#sweepProblem
  }

  async #difference(): Promise<string | undefined> {
    const differs = 'somebody changed them'
    if ((await this.#hooks()) !== this.#shownHooks) return differs
    if (++this.#looks % looksForWhole !== 0 && this.#shown !== undefined) return undefined
    const round = this.#round
    const shown = await this.#list()
    if (round !== this.#round) return undefined
    this.#shown ??= shown
    return shown === this.#shown ? undefined : differs
  }

  /** Resolves after the signal. The informers are run by the caller. `onApplied` hears of each ruleset that the kernel has taken. */
  async run(signal: AbortSignal, onApplied: () => void = () => undefined): Promise<void> {
    const { services, slices, cidrs, pods, nodes, clock, log } = this.#options
    const raise = () => this.#changes.raise()
    const handler = { add: raise, update: raise, delete: raise }
    const unsubscribe = [services, slices, cidrs, pods, nodes].map(informer => informer.onChange(handler))
    try {
      await Promise.all([services, slices, cidrs, pods, nodes].map(informer => informer.synced(signal)))
      while (!signal.aborted) {
        this.#changes.clear()
        try {
          await this.#apply()
          this.#problem = undefined
          onApplied()
          await this.#changes.next(signal)
        } catch (err) {
          if (signal.aborted) return
          this.#isLost = true
          this.#problem = messageOf(err)
          log.error('service rules not applied', { err: messageOf(err) })
          await clock.sleep(retryMs, signal)
        }
      }
    } catch (err) {
      if (!signal.aborted) throw err
    } finally {
      for (const stop of unsubscribe) stop()
    }
  }

  async #apply(): Promise<void> {
    const { services, slices, cidrs, pods, nodes, nodeName, network, serviceCidr } = this.#options
    const ports = planServices(services.list(), slices.list(), placeOf(nodeName, nodes))
    this.#reportTaken(ports)
    const rules: Ruleset = {
      ...network,
      services: serviceRanges(serviceCidr, cidrs.list(), network.clusterPods),
      ports,
      hostPorts: planHostPorts(pods.list(), nodeName),
    }
    const ruleset = renderRuleset(rules)
    if (this.#isLost || ruleset !== this.#applied) {
      this.#round++
      this.#shown = undefined
      await this.#nft(['-f', '-'], ruleset)
      this.#shownHooks = await this.#hooks()
      this.#round++
      this.#applied = ruleset
      this.#isLost = false
    }
    await this.#sweep(rules)
  }

  #reportTaken(ports: readonly ServicePort[]): void {
    const taken = ports.flatMap(({ id, taken }) => taken.map(way => `${id} ${way}`)).slice(0, maxReported)
    const reported = taken.join()
    if (reported !== '' && reported !== this.#reported)
      this.#options.log.error('services name addresses that other services have', { taken })
    this.#reported = reported
  }

  /** Behind the rules: a flow that is ended before them could begin anew with the target of before. */
  async #sweep(rules: Ruleset): Promise<void> {
    const { log, endStale = endStaleFlows } = this.#options
    const udp = JSON.stringify([rules.ports.filter(isUdp), rules.hostPorts.filter(isUdp), rules.services])
    if (udp === this.#swept) return
    try {
      const ended = await endStale(udpTargets(rules))
      this.#swept = udp
      this.#sweepProblem = undefined
      if (ended > 0) log.info('UDP flows to targets that are gone ended', { flows: ended })
    } catch (err) {
      // The rules are in force all the same; the next look tries again.
      const problem = `UDP flows to targets that are gone are not ended: ${messageOf(err)}`
      if (problem !== this.#sweepProblem) log.error('stale UDP flows not ended', { err: messageOf(err) })
      this.#sweepProblem = problem
    }
  }

  #list(): Promise<string> {
    return this.#nft(['-s', 'list', 'table', 'ip', this.#options.network.table])
  }

  /** Of several objects in one command nft finds none. */
  async #hooks(): Promise<string> {
    const listed: string[] = []
    for (const chain of serviceHooks) listed.push(await this.#nft(['-s', 'list', 'chain', 'ip', this.#options.network.table, chain]))
    return listed.join('')
  }
}

const isUdp = ({ protocol }: { readonly protocol: string }): boolean => protocol === 'udp'

function placeOf(name: string, nodes: Followed<Node>): NodePlace {
  // An empty label names no zone.
  return { name, zone: nodes.get('', name)?.metadata.labels?.[zoneLabel] || undefined }
}
