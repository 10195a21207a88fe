// The subsets of a service's Endpoints object. Pure.
import { createHash } from 'node:crypto'
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../api/types/core-v1.ts'
import { isReady } from '../pod-state.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { addressOf, hostnameOf, isEndpoint, isHeadless, selectedPods, targetPorts } from './service-endpoints.ts'

/** Limit of addresses in one Endpoints object. */
const maxAddresses = 1000

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

/** The addresses that offer a port; undefined port for a service without ports. */
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

/** Ports that the same pods offer form one subset, as readers of Endpoints expect. */
function groupByAddresses(offers: readonly Offer[]): Group[] {
  const uids = (addresses: readonly EndpointAddress[]) => addresses.map(({ targetRef }) => targetRef?.uid ?? '').sort()
  const groups = Map.groupBy(offers, ({ ready, notReady }) => canonical([uids(ready), uids(notReady)]))
  return [...groups.values()]
    .map(([first, ...others]): Group => {
      const ports = [first, ...others].map(offer => offer?.port).filter(port => port !== undefined)
      return { ports: inOrder(ports), ready: first?.ready ?? [], notReady: first?.notReady ?? [] }
    })
    .sort((one, other) => (canonical(one.ports) < canonical(other.ports) ? -1 : 1))
}

/** Readers use the first port as the service's: upstream orders ports by a hash of their Go representation. */
function inOrder(ports: EndpointPort[]): EndpointPort[] {
  if (ports.length < 2) return ports
  const hashed = ports.map(port => ({ port, hash: createHash('md5').update(goText(port)).digest('hex') }))
  return hashed.sort((one, other) => (one.hash < other.hash ? -1 : 1)).map(({ port }) => port)
}

function goText({ name = '', port, protocol = 'TCP', appProtocol = '<nil>' }: EndpointPort): string {
  const protocols = `Protocol:(v1.Protocol)${protocol} AppProtocol:(*string)${appProtocol}`
  return `(v1.EndpointPort){Name:(string)${name} Port:(int32)${port} ${protocols}}`
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

/** Addresses above the limit are cut: first those that are not ready, and each group in proportion to its size. */
function truncate(groups: readonly Group[]): EndpointsPlan {
  const ready = groups.map(group => group.ready.toSorted(byIp))
  const notReady = groups.map(group => group.notReady.toSorted(byIp))
  const room = Math.max(0, maxAddresses - count(ready))
  const subsets = toSubsets(groups, keepShares(ready, maxAddresses), keepShares(notReady, room))
  return { subsets, truncated: count(ready) + count(notReady) > maxAddresses }
}

const byIp = (a: EndpointAddress, b: EndpointAddress): number => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0)

const count = (lists: readonly (readonly EndpointAddress[])[]): number => lists.reduce((sum, { length }) => sum + length, 0)

/** Shares are rounded up, as upstream, so the last list may get less than its share. */
function keepShares(lists: readonly EndpointAddress[][], most: number): EndpointAddress[][] {
  const total = count(lists)
  if (total <= most) return [...lists]
  let left = most
  return lists.map(list => {
    const kept = list.slice(0, Math.min(left, Math.ceil((list.length / total) * most)))
    left -= kept.length
    return kept
  })
}

function toSubsets(groups: readonly Group[], ready: EndpointAddress[][], notReady: EndpointAddress[][]): EndpointSubset[] {
  return groups.flatMap(({ ports }, index): EndpointSubset[] => {
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
}
