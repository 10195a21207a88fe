// Decides which Service gets an address and port, or a node port, that several Services claim. Pure.
import type { ServicePort } from './ruleset.ts'

/**
 * `ports` are in the order in which their Services were created. The first Service that claims an address and port gets it, and a cluster
 * IP always belongs to its Service: no Service takes another's packets, and the kernel, which refuses a map with two values for a key,
 * accepts the rest.
 */
export function withUniqueAddresses(ports: readonly ServicePort[]): ServicePort[] {
  const owners = new Map<string, string>()
  const isOwn = (id: string, way: string): boolean => {
    const owner = owners.get(way) ?? id
    owners.set(way, owner)
    return owner === id
  }
  const ofAddress = ({ protocol, port }: ServicePort, address: string) => `${address} ${protocol} ${port}`
  const inside = ports.map(port => {
    const { id, addresses, nodePort, protocol } = port
    const hasNodePort = nodePort !== undefined && isOwn(id, `node ${protocol} ${nodePort}`)
    const own = addresses.filter(address => isOwn(id, ofAddress(port, address)))
    const taken = [
      ...addresses.filter(address => !own.includes(address)),
      ...(nodePort === undefined || hasNodePort ? [] : [`:${nodePort}`]),
    ]
    return { ...port, addresses: own, nodePort: hasNodePort ? nodePort : undefined, taken }
  })
  return inside.map(port => {
    const named = [...new Set(port.externalAddresses)].filter(address => !port.addresses.includes(address))
    const own = named.filter(address => isOwn(port.id, ofAddress(port, address)))
    return { ...port, externalAddresses: own, taken: [...port.taken, ...named.filter(address => !own.includes(address))] }
  })
}
