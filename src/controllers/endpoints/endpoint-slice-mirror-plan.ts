// The slices that mirror an Endpoints object without a selector. Pure.
import { isIP } from 'node:net'
import { groupVersion } from '../../api/object.ts'
import type { EndpointAddress, EndpointSubset, Endpoints, Service } from '../../api/types/core-v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/types/discovery-v1.ts'
import { endpoints as endpointsResource } from '../../client/resources.ts'
import { isOwnedBy } from '../owner.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { managedByLabel, type SlicePlan, serviceNameLabel } from './endpoint-slice-plan.ts'
import { hasSelector, triggerTimeAnnotation } from './service-endpoints.ts'

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io'
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const appliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'
/** Limit of mirrored addresses per subset, and of endpoints per slice. */
const maxAddresses = 1000

/** Only Endpoints that were written by hand for a Service without a selector. */
export function isMirrored(object: Endpoints | undefined, service: Service | undefined): object is Endpoints {
  if (object === undefined || service === undefined || hasSelector(service)) return false
  if (object.metadata.deletionTimestamp !== undefined || service.metadata.deletionTimestamp !== undefined) return false
  return !isTrue(object.metadata.labels?.[skipMirrorLabel]) && object.metadata.annotations?.[leaderAnnotation] === undefined
}

/** As Go's ParseBool. */
const isTrue = (text = ''): boolean => ['1', 't', 'T', 'true', 'True', 'TRUE'].includes(text)

/** `existing` are the slices of this manager for the service. */
export function planMirror(object: Endpoints, existing: readonly EndpointSlice[]): SlicePlan {
  const wanted = mirrorSlices(object)
  // Slices of a former object of that name would be garbage collected with it.
  const free = existing.filter(slice => isOwnedBy(slice, object))
  const plan = { create: [] as EndpointSlice[], update: [] as EndpointSlice[], delete: existing.filter(slice => !isOwnedBy(slice, object)) }
  const left: EndpointSlice[] = []
  for (const slice of wanted) {
    const same = free.findIndex(each => content(each) === content(slice))
    if (same === -1) left.push(slice)
    else free.splice(same, 1)
  }
  for (const slice of left) {
    const at = free.findIndex(each => each.addressType === slice.addressType && canonical(each.ports) === canonical(slice.ports))
    const [old] = at === -1 ? [] : free.splice(at, 1)
    if (old === undefined) plan.create.push(slice)
    else {
      const { labels, annotations } = slice.metadata
      plan.update.push({
        ...old,
        metadata: { ...old.metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
        endpoints: slice.endpoints,
      })
    }
  }
  plan.delete.push(...free)
  return plan
}

function content({ metadata, addressType, endpoints, ports }: EndpointSlice): string {
  return canonical([addressType, endpoints ?? [], ports ?? [], { of: metadata.labels }, { of: metadata.annotations }])
}

type Family = 'IPv4' | 'IPv6'

function mirrorSlices(object: Endpoints): EndpointSlice[] {
  const slices: EndpointSlice[] = []
  for (const group of Map.groupBy(object.subsets ?? [], ({ ports }) => canonical(ports ?? [])).values()) {
    for (const family of ['IPv4', 'IPv6'] as const) {
      const endpoints = group.flatMap(subset => endpointsOf(subset, family))
      for (let at = 0; at < endpoints.length; at += maxAddresses)
        slices.push(newSlice(object, family, portsOf(group[0]), endpoints.slice(at, at + maxAddresses)))
    }
  }
  return slices
}

function endpointsOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset, family: Family): Endpoint[] {
  const all = [...addresses.map(address => ({ address, ready: true })), ...notReadyAddresses.map(address => ({ address, ready: false }))]
  return all
    .slice(0, maxAddresses)
    .filter(({ address }) => isIP(address.ip) === (family === 'IPv4' ? 4 : 6))
    .map(({ address, ready }) => endpointOf(address, ready))
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName == null ? {} : { nodeName }),
    ...(targetRef == null ? {} : { targetRef }),
  }
}

function portsOf(subset: EndpointSubset | undefined): EndpointPort[] {
  return (subset?.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => {
    return { name, port, protocol, ...(appProtocol == null ? {} : { appProtocol }) }
  })
}

function newSlice(object: Endpoints, addressType: Family, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  const { name = '', namespace = '', uid = '', labels, annotations } = object.metadata
  const { [triggerTimeAnnotation]: _trigger, [appliedAnnotation]: _applied, ...kept } = annotations ?? {}
  const owner = {
    apiVersion: groupVersion(endpointsResource.group, endpointsResource.version),
    kind: endpointsResource.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
      annotations: kept,
      ownerReferences: [owner],
    },
    addressType,
    endpoints,
    ports,
  }
}
