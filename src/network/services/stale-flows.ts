// Finds UDP flows that the kernel still sends to a pod that is no target any more: connection tracking keeps a flow's target while packets
// arrive.
import { addressNumber, holds } from '../../api/addresses/ipv4-range.ts'
import type { Ruleset, Target } from './ruleset.ts'

export interface UdpFlow {
  /** As the client sent it. */
  readonly from: Target
  readonly to: Target
  /** The source of its answers: the target, if the rules chose one. */
  readonly answeredBy: Target
}

/** Targets of new flows, by the address that clients send to. */
export interface UdpTargets {
  readonly byAddress: ReadonlyMap<string, ReadonlySet<string>>
  /** Node ports and host ports, at addresses of this node. */
  readonly byPort: ReadonlyMap<number, ReadonlySet<string>>
  readonly services: Ruleset['services']
  /** Answered by this node whatever Services say. */
  readonly dnsAddress: string | undefined
}

const textOf = ({ ip, port }: Target): string => `${ip}:${port}`

export function udpTargets({ ports, hostPorts, services, dns }: Pick<Ruleset, 'ports' | 'hostPorts' | 'services' | 'dns'>): UdpTargets {
  const byAddress = new Map<string, Set<string>>()
  const byPort = new Map<number, Set<string>>()
  const add = <K>(map: Map<K, Set<string>>, key: K, targets: readonly Target[]) => {
    const known = map.get(key) ?? new Set()
    for (const target of targets) known.add(textOf(target))
    map.set(key, known)
  }
  for (const { protocol, addresses, externalAddresses, port, nodePort, targets, externalTargets, ownTargets } of ports) {
    if (protocol !== 'udp') continue
    // As in the rules: without targets for outside clients, the targets for inside clients apply.
    const outside = externalTargets.length + ownTargets.length === 0 ? targets : [...externalTargets, ...ownTargets]
    for (const ip of addresses) add(byAddress, textOf({ ip, port }), targets)
    for (const ip of externalAddresses) add(byAddress, textOf({ ip, port }), outside)
    if (nodePort !== undefined) add(byPort, nodePort, outside)
  }
  for (const { protocol, port, hostIp, target } of hostPorts) {
    if (protocol !== 'udp') continue
    if (hostIp === undefined) add(byPort, port, [target])
    else add(byAddress, textOf({ ip: hostIp, port }), [target])
  }
  return { byAddress, byPort, services, dnsAddress: dns?.address }
}

/** `isOwn`: whether an address belongs to this node. */
export function isStale({ to, answeredBy }: UdpFlow, targets: UdpTargets, isOwn: (address: string) => boolean): boolean {
  if (to.ip === targets.dnsAddress) return false
  const number = addressNumber(to.ip)
  const isService = number !== undefined && targets.services.some(range => holds(range, number))
  const known =
    targets.byAddress.get(textOf(to)) ?? (isService ? new Set<string>() : isOwn(to.ip) ? targets.byPort.get(to.port) : undefined)
  return known !== undefined && !known.has(textOf(answeredBy))
}

const flowLine = /^udp .*?\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) .*?\bsrc=(\S+) dst=\S+ sport=(\d+) dport=\d+ /

/** Parses a line of `conntrack -L -p udp`; undefined if it shows no flow. */
export function parseUdpFlow(line: string): UdpFlow | undefined {
  const [, source, destination, sourcePort, destinationPort, answerer, answererPort] = flowLine.exec(line) ?? []
  if (source === undefined || destination === undefined || answerer === undefined) return undefined
  return {
    from: { ip: source, port: Number(sourcePort) },
    to: { ip: destination, port: Number(destinationPort) },
    answeredBy: { ip: answerer, port: Number(answererPort) },
  }
}

/** A line of a file for `conntrack -R`. */
export const deletionOf = ({ from, to }: UdpFlow): string => `-D -p udp -s ${from.ip} -d ${to.ip} --sport ${from.port} --dport ${to.port}\n`
