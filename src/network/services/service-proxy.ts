// Keeps the node's ruleset in line with Services, EndpointSlices and host ports, and ends UDP flows to targets that no longer exist.

import { zoneLabel } from '../../api/nodes/topology-labels.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Node, Pod, Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Informer } from '../../client/cache/informer.ts'
import { ChangeSignal } from '../change-signal.ts'
import { runProgram } from '../command.ts'
import { type Ruleset, renderRuleset, type ServicePort, serviceHooks } from './ruleset.ts'
import { type NodePlace, planHostPorts, planServices } from './service-plan.ts'
import { serviceRanges } from './service-ranges.ts'
import { type UdpTargets, udpTargets } from './stale-flows.ts'
import { endStaleFlows } from './udp-flows.ts'

/** The part of an informer that is used here. */
type Followed<T extends KubeObject> = Pick<Informer<T>, 'list' | 'get' | 'onChange' | 'synced'>

export interface ServiceProxyOptions {
  readonly services: Followed<Service>
  readonly slices: Followed<EndpointSlice>
  readonly cidrs: Followed<ServiceCIDR>
  /** The pods of this node. */
  readonly pods: Followed<Pod>
  /** This node's Node object. */
  readonly nodes: Followed<Node>
  readonly nodeName: string
  readonly network: Omit<Ruleset, 'ports' | 'hostPorts' | 'services'>
  /** The service range that the cluster was started with. */
  readonly serviceCidr: string
  readonly clock: Clock
  readonly log: Logger
  /** Runs nft; default: the machine's. */
  readonly nft?: (args: readonly string[], input?: string) => Promise<string>
  /** Default: the machine's connection tracking. */
  readonly endStale?: (targets: UdpTargets) => Promise<number>
}

const retryMs = 2_000
/** Listing many chains is slow: one check in this many lists the whole table, the others list the base chains. */
const looksForWhole = 6
/** Most addresses in one log line. */
const maxReported = 20

export class ServiceProxy {
  readonly #options: ServiceProxyOptions
  readonly #nft: NonNullable<ServiceProxyOptions['nft']>
  readonly #changes = new ChangeSignal()
  /** The kernel may hold something other than what was loaded last. */
  #isLost = true
  #applied = ''
  /** nft's listing of the loaded rules: the base chains, and the whole table once it was listed. */
  #shownHooks = ''
  #shown: string | undefined
  #looks = 0
  /** Counts loads, so that rules of two rounds are never compared. */
  #round = 0
  #problem: string | undefined = 'the rules of Services are not in the kernel yet'
  /** The UDP part of the rules whose stale flows were ended. */
  #swept = ''
  #sweepProblem: string | undefined
  /** The last logged text about addresses that several Services claim. */
  #reported = ''

  constructor(options: ServiceProxyOptions) {
    this.#options = options
    this.#nft = options.nft ?? ((args, input) => runProgram('nft', args, input))
  }

  /** Undefined if the kernel holds the requested rules; otherwise the reason. Reads the kernel and repairs what was removed. */
  async problem(signal: AbortSignal): Promise<string | undefined> {
    if (this.#problem !== undefined) return this.#problem
    const round = this.#round
    const changed = await this.#difference().catch((err: unknown) => messageOf(err))
    signal.throwIfAborted()
    // Rules loaded during the check are not the ones that were checked.
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
    const differs = 'another program changed them'
    if ((await this.#hooks()) !== this.#shownHooks) return differs
    if (++this.#looks % looksForWhole !== 0 && this.#shown !== undefined) return undefined
    const round = this.#round
    const shown = await this.#list()
    if (round !== this.#round) return undefined
    this.#shown ??= shown
    return shown === this.#shown ? undefined : differs
  }

  /** Resolves after the signal. The caller runs the informers. `onApplied` is called after each ruleset that the kernel accepted. */
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

  /** After the rules: a flow ended before them could restart with its old target. */
  async #sweep(rules: Ruleset): Promise<void> {
    const { log, endStale = endStaleFlows } = this.#options
    const udp = writeJson([rules.ports.filter(isUdp), rules.hostPorts.filter(isUdp), rules.services])
    if (udp === this.#swept) return
    try {
      const ended = await endStale(udpTargets(rules))
      this.#swept = udp
      this.#sweepProblem = undefined
      if (ended > 0) log.info('UDP flows to removed targets ended', { flows: ended })
    } catch (err) {
      // The rules apply regardless; the next check retries.
      const problem = `UDP flows to removed targets are not ended: ${messageOf(err)}`
      if (problem !== this.#sweepProblem) log.error('stale UDP flows not ended', { err: messageOf(err) })
      this.#sweepProblem = problem
    }
  }

  #list(): Promise<string> {
    return this.#nft(['-s', 'list', 'table', 'ip', this.#options.network.table])
  }

  /** nft lists nothing if one command names several objects. */
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
