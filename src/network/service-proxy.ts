// Keeps the node's ruleset equal to what Services, EndpointSlices and host ports ask for.
import { zoneLabel } from '../api/topology-labels.ts'
import type { Node, Pod, Service } from '../api/types/core-v1.ts'
import type { EndpointSlice } from '../api/types/discovery-v1.ts'
import type { ServiceCIDR } from '../api/types/networking-v1.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { messageOf } from '../base/user-error.ts'
import type { Informer } from '../client/informer.ts'
import { ChangeSignal } from './change-signal.ts'
import { runProgram } from './command.ts'
import { type Ruleset, renderRuleset } from './ruleset.ts'
import { type NodePlace, planHostPorts, planServices } from './service-plan.ts'
import { serviceRanges } from './service-ranges.ts'

export interface ServiceProxyOptions {
  readonly services: Informer<Service>
  readonly slices: Informer<EndpointSlice>
  readonly cidrs: Informer<ServiceCIDR>
  /** The pods of this node. */
  readonly pods: Informer<Pod>
  /** This node's own Node. */
  readonly nodes: Informer<Node>
  readonly nodeName: string
  readonly network: Omit<Ruleset, 'ports' | 'hostPorts' | 'services'>
  /** The range of Services that the cluster was started with. */
  readonly serviceCidr: string
  readonly clock: Clock
  readonly log: Logger
  /** Hands a ruleset to the kernel; `nft -f -` where left out. */
  readonly load?: (ruleset: string) => Promise<unknown>
}

const retryMs = 2_000

function placeOf(name: string, nodes: Informer<Node>): NodePlace {
  // An empty label names no zone.
  return { name, zone: nodes.get('', name)?.metadata.labels?.[zoneLabel] || undefined }
}

/** Resolves after the signal. The informers are run by the caller. `onApplied` hears of each ruleset that the kernel has taken. */
export async function runServiceProxy(
  options: ServiceProxyOptions,
  signal: AbortSignal,
  onApplied: () => void = () => undefined,
): Promise<void> {
  const { services, slices, cidrs, pods, nodes, nodeName, network, serviceCidr, clock, log } = options
  const load = options.load ?? (ruleset => runProgram('nft', ['-f', '-'], ruleset))
  const changes = new ChangeSignal()
  const handler = { add: () => changes.raise(), update: () => changes.raise(), delete: () => changes.raise() }
  const informers = [services, slices, cidrs, pods, nodes] as const
  const unsubscribe = informers.map(informer => informer.onChange(handler))
  try {
    await Promise.all(informers.map(informer => informer.synced(signal)))
    let applied = ''
    while (!signal.aborted) {
      changes.clear()
      const ruleset = renderRuleset({
        ...network,
        services: serviceRanges(serviceCidr, cidrs.list(), network.clusterPods),
        ports: planServices(services.list(), slices.list(), placeOf(nodeName, nodes)),
        hostPorts: planHostPorts(pods.list(), nodeName),
      })
      try {
        if (ruleset !== applied) await load(ruleset)
        applied = ruleset
        onApplied()
        await changes.next(signal)
      } catch (err) {
        if (signal.aborted) return
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
