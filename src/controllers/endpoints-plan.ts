// The subsets of a service's Endpoints object. Pure.
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../api/types/core-v1.ts'
import { isReady } from './pod-state.ts'
import { canonical } from './pod-template-hash.ts'
import { addressOf, hostnameOf, isEndpoint, isHeadless, selectedPods, targetPorts } from './service-endpoints.ts'

/** Addresses in one Endpoints object, at most; more are cut off, ready ones kept first. */
export const mostAddresses = 1000

export interface EndpointsPlan {
  readonly subsets: EndpointSubset[]
  readonly truncated: boolean
}

export function planEndpoints(service: Service, pods: readonly Pod[]): EndpointsPlan {
  const [family = 'IPv4'] = service.spec?.ipFamilies ?? []
  const toleratesUnready = service.spec?.publishNotReadyAddresses === true
  const groups = new Map<string, { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>()
  for (const pod of selectedPods(service, pods)) {
    const ip = addressOf(pod, family === 'IPv6' ? 'IPv6' : 'IPv4')
    if (ip === undefined || !isEndpoint(pod, toleratesUnready)) continue
    const ports = targetPorts(service, pod).map(({ name, ...port }): EndpointPort => ({ ...(name === '' ? {} : { name }), ...port }))
    if (ports.length === 0 && !(isHeadless(service) && (service.spec?.ports ?? []).length === 0)) continue
    const key = canonical(ports)
    const group = groups.get(key) ?? { ports, ready: [], notReady: [] }
    groups.set(key, group)
    const side = toleratesUnready || isReady(pod) ? group.ready : group.notReady
    side.push(addressOfPod(service, pod, ip))
  }
  return truncate([...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group))
}

function addressOfPod(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { namespace, name, uid } = pod.metadata
  const hostname = hostnameOf(pod, service)
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: {
      kind: 'Pod',
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
    },
  }
}

function truncate(groups: readonly { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }[]): EndpointsPlan {
  const byIp = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0)
  const total = groups.reduce((sum, { ready, notReady }) => sum + ready.length + notReady.length, 0)
  let left = mostAddresses
  const take = (addresses: EndpointAddress[]) => {
    const taken = addresses.sort(byIp).slice(0, left)
    left -= taken.length
    return taken
  }
  const ready = groups.map(group => take(group.ready))
  const notReady = groups.map(group => take(group.notReady))
  const subsets = groups.flatMap(({ ports }, index): EndpointSubset[] => {
    const addresses = ready[index] ?? []
    const notReadyAddresses = notReady[index] ?? []
    if (addresses.length === 0 && notReadyAddresses.length === 0) return []
    return [
      {
        ...(addresses.length === 0 ? {} : { addresses }),
        ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
        ...(ports.length === 0 ? {} : { ports }),
      },
    ]
  })
  return { subsets, truncated: total > mostAddresses }
}
