// The node's addresses: one of each family, as the kubelet reports without a cloud provider.
import type { NetworkInterfaceInfo } from 'node:os'

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** Bridges and veth pairs of containers are internal to the node. */
const inside = /^(lo|veth|cni|bulkhead|bhwg|docker|br-)/

/**
 * IPv4 first. The addresses of the interface with the default route, or the first ones found; none if there is only loopback. `routes` is
 * the content of /proc/net/route. More than one address of a family would be refused in `status.hostIPs` of each pod. Pure.
 */
export function nodeAddresses(interfaces: Interfaces, routes: string): string[] {
  const preferred = defaultInterface(routes)
  const names = Object.keys(interfaces).filter(name => !inside.test(name))
  names.sort((a, b) => Number(b === preferred) - Number(a === preferred))
  const all = names.flatMap(name => interfaces[name] ?? []).filter(({ internal, scopeid }) => !internal && !scopeid)
  return (['IPv4', 'IPv6'] as const).flatMap(wanted => all.find(({ family }) => family === wanted)?.address ?? [])
}

/** The default route with the lowest metric. */
function defaultInterface(routes: string): string | undefined {
  const defaults = routes
    .split('\n')
    .map(line => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask?.trim() === '00000000')
  defaults.sort((a, b) => Number(a[6]) - Number(b[6]))
  return defaults[0]?.[0]
}
