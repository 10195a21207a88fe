// The slices of a service, with as few changes of existing ones as possible. Pure.

import { zoneLabel } from '../../api/nodes/topology-labels.ts'
import { groupVersion } from '../../api/object.ts'
import { topologyHints, topologyMode } from '../../api/resources/core/service-fields.ts'
import type { Node, Pod, Service } from '../../api/types/core-v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/types/discovery-v1.ts'
import { services } from '../../client/resources.ts'
import { isOwnedBy } from '../owner.ts'
import { isReady } from '../pod-state.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import {
  addressOf,
  headlessLabel,
  hostnameOf,
  isEndpoint,
  isHeadless,
  selectedPods,
  targetPorts,
  triggerTime,
  triggerTimeAnnotation,
} from './service-endpoints.ts'
import { hintZones } from './zone-hints.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const sliceManager = 'endpointslice-controller.k8s.io'
const maxEndpoints = 100

export interface SlicePlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly delete: readonly EndpointSlice[]
}

export interface ServiceSlicePlan extends SlicePlan {
  /** Pods that are left out because their Node object does not exist. */
  readonly withoutNode: readonly Pod[]
  /** For each IP family of a service that requests topology hints: why it has none. */
  readonly hints: readonly { readonly family: Family; readonly problem: string | undefined }[]
}

type Family = 'IPv4' | 'IPv6'

/** `existing` are this manager's slices of the service, `shares` the result of `zoneShares()` for the nodes. */
export function planSlices(
  service: Service,
  pods: readonly Pod[],
  existing: readonly EndpointSlice[],
  nodeOf: (name: string) => Node | undefined,
  shares?: ReadonlyMap<string, number>,
): ServiceSlicePlan {
  const families = (service.spec?.ipFamilies ?? ['IPv4']).filter((family): family is Family => family === 'IPv4' || family === 'IPv6')
  // Slices of a former service of that name would be garbage collected with it.
  const isUsable = (slice: EndpointSlice) => isOwnedBy(slice, service) && families.some(family => family === slice.addressType)
  const gone = existing.filter(slice => !isUsable(slice))
  const selected = selectedPods(service, pods)
  const withoutNode = new Set(selected.filter(pod => isEndpoint(pod, true) && lacksNode(service, pod, nodeOf)))
  const published = selected.filter(pod => !withoutNode.has(pod))
  const trigger = triggerTime(service, selected)
  const plans = families.map(family => {
    const groups = groupByPorts(service, published, family, nodeOf)
    const own = existing.filter(slice => isUsable(slice) && slice.addressType === family)
    const plan = planFamily(service, family, groups, own)
    return { family, ...(isProportional(service) ? withZoneHints(plan, own, shares) : { ...plan, problem: undefined }) }
  })
  return {
    create: plans.flatMap(({ create }) => create.map(slice => withTrigger(slice, trigger))),
    update: plans.flatMap(({ update }) => update.map(slice => withTrigger(slice, trigger))),
    delete: [...gone, ...plans.flatMap(plan => plan.delete)],
    withoutNode: [...withoutNode],
    hints: isProportional(service) ? plans.map(({ family, problem }) => ({ family, problem })) : [],
  }
}

/** Whether a pod on such a node still runs is unknown: it is published only if the service publishes all of its pods. */
function lacksNode({ spec }: Service, pod: Pod, nodeOf: (name: string) => Node | undefined): boolean {
  return spec?.publishNotReadyAddresses !== true && nodeOf(pod.spec.nodeName ?? '') === undefined
}

function withZoneHints(plan: SlicePlan, existing: readonly EndpointSlice[], shares: ReadonlyMap<string, number> | undefined) {
  const touched = new Set([...plan.update, ...plan.delete].map(({ metadata }) => metadata.name))
  const unchanged = existing.filter(({ metadata }) => !touched.has(metadata.name))
  return { ...hintZones(plan.create, plan.update, unchanged, shares), delete: plan.delete }
}

interface Group {
  readonly ports: EndpointPort[]
  readonly endpoints: Endpoint[]
}

function groupByPorts(
  service: Service,
  pods: readonly Pod[],
  family: Family,
  nodeOf: (name: string) => Node | undefined,
): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    const address = addressOf(pod, family)
    if (address === undefined || !isEndpoint(pod, true)) continue
    // Also without any of the ports: the DNS names of a headless service's pods come from its endpoints.
    const ports = targetPorts(service, pod)
    const key = canonical(ports)
    const group: Group = groups.get(key) ?? { ports, endpoints: [] }
    groups.set(key, group)
    group.endpoints.push(endpointOf(service, pod, address, nodeOf))
  }
  // A service without endpoints has one empty slice, so that readers can see that it was processed.
  if (groups.size === 0) groups.set(canonical([]), { ports: [], endpoints: [] })
  return groups
}

function endpointOf(service: Service, pod: Pod, address: string, nodeOf: (name: string) => Node | undefined): Endpoint {
  const { namespace, name, uid, deletionTimestamp } = pod.metadata
  const terminating = deletionTimestamp !== undefined
  const serving = isReady(pod)
  const nodeName = pod.spec.nodeName
  const zone = (nodeName === undefined ? undefined : nodeOf(nodeName)?.metadata.labels?.[zoneLabel]) || undefined
  const hostname = hostnameOf(pod, service)
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const isNear = ready && zone !== undefined && prefersClose(service)
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: {
      kind: 'Pod',
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
    },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(isNear ? { hints: { forZones: [{ name: zone }] } } : {}),
  }
}

/** Whether each zone's clients are to be sent to the zone's own endpoints. The older annotation, where it is on, has its own rules. */
function prefersClose(service: Service): boolean {
  return service.spec?.trafficDistribution === 'PreferClose' && !isProportional(service)
}

/** Whether endpoints are allocated to zones in proportion to their CPUs. */
export function isProportional({ metadata }: Service): boolean {
  const mode = metadata.annotations?.[topologyHints] ?? metadata.annotations?.[topologyMode]
  return mode === 'Auto' || mode === 'auto'
}

function planFamily(service: Service, family: Family, groups: ReadonlyMap<string, Group>, existing: readonly EndpointSlice[]): SlicePlan {
  const plan = { create: [] as EndpointSlice[], update: [] as EndpointSlice[], delete: [] as EndpointSlice[] }
  const byPorts = Map.groupBy(existing, slice => canonical(slice.ports ?? []))
  for (const [key, slices] of byPorts) if (!groups.has(key)) plan.delete.push(...slices)
  for (const [key, { ports, endpoints }] of groups) {
    const wanted = new Map(endpoints.map(endpoint => [idOf(endpoint), endpoint]))
    const kept = (byPorts.get(key) ?? []).map(slice => {
      const staying: Endpoint[] = []
      for (const old of slice.endpoints ?? []) {
        const fresh = wanted.get(idOf(old))
        if (fresh === undefined) continue
        wanted.delete(idOf(old))
        staying.push(isProportional(service) ? withOldHints(fresh, old) : fresh)
      }
      return { slice, endpoints: staying }
    })
    const rest = [...wanted.values()]
    // Fills the fullest slices first, so that fewer change.
    for (const each of kept.toSorted((a, b) => b.endpoints.length - a.endpoints.length))
      each.endpoints.push(...rest.splice(0, maxEndpoints - each.endpoints.length))
    const empty = kept.filter(each => each.endpoints.length === 0)
    const spare = endpoints.length === 0 ? empty.slice(1) : empty
    plan.delete.push(...spare.map(({ slice }) => slice))
    for (const each of kept) {
      if (spare.includes(each)) continue
      const next = withContent(service, each.slice, ports, each.endpoints)
      if (!sameSlice(next, each.slice)) plan.update.push(next)
    }
    const placeholder = endpoints.length === 0 && kept.length === 0
    for (let i = 0; i < rest.length || (placeholder && i === 0); i += maxEndpoints) {
      plan.create.push(newSlice(service, family, ports, rest.slice(i, i + maxEndpoints)))
    }
  }
  return plan
}

/** Unchanged endpoints keep the zone that they were allocated to. */
function withOldHints(fresh: Endpoint, { hints, ...old }: Endpoint): Endpoint {
  return hints !== undefined && canonical(fresh) === canonical(old) ? { ...fresh, hints } : fresh
}

const idOf = ({ targetRef, addresses }: Endpoint): string => `${targetRef?.uid ?? ''} ${addresses.join(',')}`

function sliceLabels({ metadata, ...service }: Service): Record<string, string> {
  const labels = { ...metadata.labels }
  delete labels[headlessLabel]
  return {
    ...labels,
    [serviceNameLabel]: metadata.name ?? '',
    [managedByLabel]: sliceManager,
    ...(isHeadless({ metadata, ...service }) ? { [headlessLabel]: '' } : {}),
  }
}

function newSlice(service: Service, family: Family, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  const { name = '', namespace = '', uid = '' } = service.metadata
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: sliceLabels(service),
      ownerReferences: [
        {
          apiVersion: groupVersion(services.group, services.version),
          kind: services.kind,
          name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    addressType: family,
    endpoints,
    ports,
  }
}

function withContent(service: Service, slice: EndpointSlice, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, labels: sliceLabels(service) }, endpoints, ports }
}

function withTrigger(slice: EndpointSlice, trigger: string): EndpointSlice {
  if (trigger === '') return slice
  return { ...slice, metadata: { ...slice.metadata, annotations: { ...slice.metadata.annotations, [triggerTimeAnnotation]: trigger } } }
}

function sameSlice(a: EndpointSlice, b: EndpointSlice): boolean {
  const content = ({ metadata, endpoints, ports }: EndpointSlice) =>
    canonical({ of: metadata.labels, endpoints: endpoints ?? [], ports: ports ?? [] })
  return content(a) === content(b)
}
