// Maintains the EndpointSlices of each service.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { Pod, Service } from '../../api/types/core-v1.ts'
import { selectsByMap } from '../../client/cache/label-selector.ts'
import { labelIndex } from '../../client/cache/object-cache.ts'
import { keyOf, makeKey } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { endpointSlices, nodes, pods, services } from '../../client/resources.ts'
import { applySlices } from '../apply-slices.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { isProportional, managedByLabel, planSlices, type ServiceSlicePlan, serviceNameLabel, sliceManager } from './endpoint-slice-plan.ts'
import { hasSelector } from './service-endpoints.ts'
import { zonePlace, zoneShares } from './zone-hints.ts'

const byService = labelIndex(serviceNameLabel)

export const endpointSlice: Controller = {
  name: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  identity: {
    account: 'endpointslice-controller',
    rules: [
      rule(read, 'core', 'nodes pods services'),
      rule('update', 'core', 'services/finalizers'),
      rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
      rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
      recordEvents,
    ],
  },
  watches: services,
  follows: [
    follow({ resource: pods, keys: servicesOf }),
    follow({
      resource: endpointSlices,
      keys: ({ metadata }) => {
        const name = metadata.labels?.[serviceNameLabel]
        return name === undefined || metadata.labels?.[managedByLabel] !== sliceManager ? [] : [makeKey(metadata.namespace ?? '', name)]
      },
    }),
    follow({
      resource: nodes,
      keys: (node, { informers }, old) =>
        old !== undefined && zonePlace(node) === zonePlace(old) ? [] : informers.full(services).list().filter(isProportional).map(keyOf),
    }),
  ],
  begin(context) {
    const { informers } = context
    const cache = informers.full(services)
    const slices = informers.full(endpointSlices)
    slices.addIndex(byService.name, byService.valuesOf)
    const hinted = new Set<string>()
    return async (key, signal) => {
      const service = cache.getByKey(key)
      if (service === undefined) hinted.delete(key)
      // The garbage collector removes slices of a deleted service.
      if (service === undefined || service.metadata.deletionTimestamp !== undefined || !hasSelector(service)) return done
      const { namespace = '', name = '' } = service.metadata
      const existing = slices.byIndex(byService.name, name).filter(({ metadata }) => {
        return (
          metadata.namespace === namespace && metadata.labels?.[managedByLabel] === sliceManager && metadata.deletionTimestamp === undefined
        )
      })
      const shares = isProportional(service) ? zoneShares(informers.full(nodes).list()) : undefined
      const plan = planSlices(service, informers.full(pods).list(namespace), existing, node => informers.full(nodes).get('', node), shares)
      await applySlices(context, namespace, plan, signal)
      reportHints(context, service, plan, hinted)
      // Retried: the node may appear, or its pods may be deleted.
      if (plan.withoutNode.length > 0) throw reportSkipped(context, service, plan.withoutNode)
      return done
    }
  },
}

/** Services that select the pod, or selected it before the change. */
export function servicesOf(pod: Pod, { informers }: Context, old?: Pod): string[] {
  return informers
    .full(services)
    .list(pod.metadata.namespace)
    .filter(
      ({ spec }) =>
        selectsByMap(spec?.selector, pod.metadata.labels) || (old !== undefined && selectsByMap(spec?.selector, old.metadata.labels)),
    )
    .map(keyOf)
}

/** Reports on the service which pods have no endpoint because their node does not exist. */
function reportSkipped({ events }: Context, service: Service, skipped: readonly Pod[]): Error {
  const name = keyOf(service)
  const each = skipped.map(({ metadata, spec }) => `skipping Pod ${metadata.name} for Service ${name}: Node ${spec.nodeName} Not Found`)
  const message = `Error updating Endpoint Slices for Service ${name}: ${each.length === 1 ? each.join() : `[${each.join(', ')}]`}`
  events.record(referenceTo(service, 'v1', 'Service'), 'Warning', 'FailedToUpdateEndpointSlices', message)
  return new Error(message)
}

/** Reports on the service whether its endpoints have topology hints. `hinted` are the keys of those that had them before. */
function reportHints({ events }: Context, service: Service, { hints }: ServiceSlicePlan, hinted: Set<string>): void {
  const key = keyOf(service)
  const tell = (type: 'Normal' | 'Warning', is: 'Enabled' | 'Disabled', family: string, message: string) =>
    events.record(referenceTo(service, 'v1', 'Service'), type, `TopologyAwareHints${is}`, `${message}, addressType: ${family}`)
  if (hints.length === 0 && hinted.delete(key)) {
    for (const family of service.spec?.ipFamilies ?? ['IPv4']) tell('Warning', 'Disabled', family, 'Topology Aware Hints has been disabled')
  }
  for (const { family, problem } of hints) {
    if (problem !== undefined) tell('Warning', 'Disabled', family, problem)
    else if (!hinted.has(key)) tell('Normal', 'Enabled', family, 'Topology Aware Hints has been enabled')
    if (problem === undefined) hinted.add(key)
    else hinted.delete(key)
  }
}
