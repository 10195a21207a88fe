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
  const offers = new Map<string, Offer>()
  for (const pod of selectedPods(service, pods)) {
    const ip = addressOf(pod, family === 'IPv6' ? 'IPv6' : 'IPv4')
    if (ip === undefined || !isEndpoint(pod, toleratesUnready)) continue
    const found = targetPorts(service, pod).map(({ name, ...port }): EndpointPort => ({ ...(name === '' ? {} : { name }), ...port }))
    const hasNoPorts = isHeadless(service) && (service.spec?.ports ?? []).length === 0
    for (const port of found.length === 0 && hasNoPorts ? [undefined] : found) {
      const key = canonical(port)
      const offer = offers.get(key) ?? { port, ready: [], notReady: [] }
      offers.set(key, offer)
      const side = toleratesUnready || isReady(pod) ? offer.ready : offer.notReady
      side.push(addressOfPod(service, pod, ip))
    }
  }
  return truncate(groupByAddresses([...offers.values()]))
}

/** The addresses that offer a port; undefined for those of a service without ports. */
interface Offer {
  readonly port: EndpointPort | undefined
  readonly ready: EndpointAddress[]
  readonly notReady: EndpointAddress[]
}

interface Group {
  readonly ports: EndpointPort[]
  readonly ready: EndpointAddress[]
  readonly notReady: EndpointAddress[]
}

/** Ports that the same pods offer stand in one subset, as readers of Endpoints know them. */
function groupByAddresses(offers: readonly Offer[]): Group[] {
  const uids = (addresses: readonly EndpointAddress[]) => addresses.map(({ targetRef }) => targetRef?.uid ?? '').sort()
  const groups = Map.groupBy(offers, ({ ready, notReady }) => canonical([uids(ready), uids(notReady)]))
  return [...groups.values()]
    .map(([first, ...others]): Group => {
      const ports = [first, ...others].map(offer => offer?.port).filter(port => port !== undefined)
      return { ports, ready: first?.ready ?? [], notReady: first?.notReady ?? [] }
    })
    .sort((one, other) => (canonical(one.ports) < canonical(other.ports) ? -1 : 1))
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

function truncate(groups: readonly Group[]): EndpointsPlan {
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
