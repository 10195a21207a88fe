// Renders Services, host ports and masquerading of pods as one nftables ruleset. Pure: the same input gives the same text.
import { createHash } from 'node:crypto'
import type { AddressRange } from '../../api/addresses/ipv4-range.ts'
import { rangeText } from '../address-ranges.ts'

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface Target {
  readonly ip: string
  readonly port: number
}

/** One port of one Service with its targets. */
export interface ServicePort {
  /** `namespace/name:port name:port`, for the chain's name and comments; unique for each port. */
  readonly id: string
  readonly protocol: Protocol
  /** The cluster IP of the Service. */
  readonly addresses: readonly string[]
  /** Admitted external addresses: outside clients use them and the node port. */
  readonly externalAddresses: readonly string[]
  readonly port: number
  readonly nodePort: number | undefined
  readonly targets: readonly Target[]
  /** Targets of the external addresses and the node port, for outside clients. */
  readonly externalTargets: readonly Target[]
  /** Targets of the same for this node and its pods, which externalTrafficPolicy does not cover. */
  readonly ownTargets: readonly Target[]
  /** There are targets, but perhaps none that this node may use. Then it drops silently, since another node may answer. */
  readonly isServed: boolean
  /** The same client reaches the same pod while the targets do not change. */
  readonly clientAffinity: boolean
  /** Addresses and node ports (as `:port`) that another Service already has; nothing leads here through them. */
  readonly taken: readonly string[]
}

export interface HostPort {
  /** Undefined: every address of the node except loopback. */
  readonly hostIp: string | undefined
  readonly port: number
  readonly protocol: Protocol
  readonly target: Target
}

export interface Ruleset {
  readonly table: string
  /** All pods of the cluster, and those of this node. */
  readonly clusterPods: string
  readonly localPods: string
  /** Ranges of Service addresses: at least one, without overlaps. */
  readonly services: readonly AddressRange[]
  /** The address to which pods send DNS questions, and the unprivileged port on which the node answers. */
  readonly dns: { readonly address: string; readonly port: number } | undefined
  readonly ports: readonly ServicePort[]
  readonly hostPorts: readonly HostPort[]
}

/** The base chains, which the kernel calls itself: all others hang on them. */
export const serviceHooks = ['prerouting', 'output', 'forward', 'local_output', 'input', 'postrouting'] as const

/** nftables names are letters, digits and underscores; a hash maps any Service name to that. */
const chainName = (kind: 'svc' | 'ext', id: string): string => `${kind}_${createHash('sha256').update(id).digest('hex').slice(0, 16)}`

/** Replaces the whole table in one transaction: packets see the old rules or the new ones, never half of them. */
export function renderRuleset(ruleset: Ruleset): string {
  const { table } = ruleset
  return `table ip ${table}\ndelete table ip ${table}\ntable ip ${table} {\n${body(ruleset)}}\n`
}

interface Way {
  readonly chain: string
  readonly rules: readonly string[]
  readonly byAddress: readonly string[]
  readonly byNodePort: readonly string[]
}

/** How packets to a port find their targets. */
function waysOf(port: ServicePort, localPods: string): Way[] {
  const { id, addresses, externalAddresses, targets, externalTargets, ownTargets, nodePort, protocol } = port
  const nodePorts = nodePort === undefined ? [] : [`${protocol} . ${nodePort}`]
  const keys = (ips: readonly string[]) => ips.map(ip => `${ip} . ${protocol} . ${port.port}`)
  const comment = ` comment "${id.slice(0, 120)}"`
  const inside = targets.length === 0 ? [] : [dnat(port, targets) + comment]
  const outside = externalTargets.length === 0 ? [] : [dnat(port, externalTargets) + comment]
  const own = ownTargets.length === 0 ? '' : dnat(port, ownTargets)
  const isOfAll = own === '' || outside[0] === own + comment
  if (isOfAll && (outside.length === 0 || outside[0] === inside[0]))
    return [{ chain: chainName('svc', id), rules: inside, byAddress: keys([...addresses, ...externalAddresses]), byNodePort: nodePorts }]
  const shortcut = isOfAll ? [] : [`ip saddr ${localPods} ${own}`, `fib saddr type local ${own}`]
  return [
    { chain: chainName('svc', id), rules: inside, byAddress: keys(addresses), byNodePort: [] },
    { chain: chainName('ext', id), rules: [...shortcut, ...outside], byAddress: keys(externalAddresses), byNodePort: nodePorts },
  ]
}

/** Packets that must not be routed further: rejected, or dropped silently. */
function deadEnds(ports: readonly ServicePort[]): { addresses: string[]; nodePorts: string[] } {
  const addresses: string[] = []
  const nodePorts: string[] = []
  for (const port of ports) {
    const { protocol, nodePort } = port
    const ends = [
      ...(port.targets.length === 0 ? port.addresses : []),
      ...(port.externalTargets.length === 0 ? port.externalAddresses : []),
    ]
    addresses.push(...ends.map(address => `${address} . ${protocol} . ${port.port}`))
    if (port.externalTargets.length === 0 && nodePort !== undefined) nodePorts.push(`${protocol} . ${nodePort}`)
  }
  return { addresses, nodePorts }
}

function body({ clusterPods, localPods, services, dns, ports, hostPorts }: Ruleset): string {
  const ways = ports
    .flatMap(port => waysOf(port, localPods))
    .filter(way => way.rules.length > 0 && way.byAddress.length + way.byNodePort.length > 0)
  const verdicts = (keys: 'byAddress' | 'byNodePort') => ways.flatMap(way => way[keys].map(key => `${key} : goto ${way.chain}`))
  const refused = deadEnds(ports.filter(({ isServed }) => !isServed))
  const silent = deadEnds(ports.filter(({ isServed }) => isServed))
  const targets = ports.flatMap(port => [...port.targets, ...port.externalTargets, ...port.ownTargets])
  const hairpins = [...new Set([...targets, ...hostPorts.map(({ target }) => target)].map(({ ip }) => `${ip} . ${ip}`))]
  const destination = [
    ...(dns === undefined ? [] : [`ip daddr ${dns.address} meta l4proto { tcp, udp } th dport 53 dnat ip to ${dns.address}:${dns.port}`]),
    'ip daddr . meta l4proto . th dport vmap @service_ports',
    // After Services, so that a host port never takes a Service's packets (CVE-2019-9946). Never on loopback: route_localnet stays 0
    // (CVE-2020-8558).
    'ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @node_ports',
    ...hostPorts.map(({ hostIp, protocol, port, target }) => {
      const where = hostIp === undefined ? 'ip daddr != 127.0.0.0/8 fib daddr type local' : `ip daddr ${hostIp}`
      return `${where} ${protocol} dport ${port} dnat ip to ${target.ip}:${target.port}`
    }),
  ]
  const refuse = [
    'ip daddr . meta l4proto . th dport @silent_service_ports drop',
    'ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport @silent_node_ports drop',
    'ip daddr . meta l4proto . th dport @refused_service_ports reject',
    'ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport @refused_node_ports reject',
    // Addresses without a Service: reject at once instead of a time-out.
    `ip daddr { ${services.map(rangeText).join(', ')} } ${dns === undefined ? '' : `ip daddr != ${dns.address} `}ct state new reject`,
  ]
  return [
    collection('map', 'service_ports', 'ipv4_addr . inet_proto . inet_service : verdict', verdicts('byAddress')),
    collection('map', 'node_ports', 'inet_proto . inet_service : verdict', verdicts('byNodePort')),
    collection('set', 'refused_service_ports', 'ipv4_addr . inet_proto . inet_service', refused.addresses),
    collection('set', 'refused_node_ports', 'inet_proto . inet_service', refused.nodePorts),
    collection('set', 'silent_service_ports', 'ipv4_addr . inet_proto . inet_service', silent.addresses),
    collection('set', 'silent_node_ports', 'inet_proto . inet_service', silent.nodePorts),
    collection('set', 'hairpins', 'ipv4_addr . ipv4_addr', hairpins),
    ...ways.map(way => chain(way.chain, way.rules)),
    chain('prerouting', ['type nat hook prerouting priority dstnat; policy accept;', ...destination]),
    chain('output', ['type nat hook output priority dstnat; policy accept;', ...destination]),
    chain('forward', ['type filter hook forward priority filter; policy accept;', ...refuse]),
    chain('local_output', ['type filter hook output priority filter; policy accept;', ...refuse]),
    chain('input', [
      'type filter hook input priority filter; policy accept;',
      'ip daddr != 127.0.0.0/8 meta l4proto . th dport @silent_node_ports drop',
      'meta l4proto . th dport @refused_node_ports reject',
      // DNS is only for this node and its pods; no one else gets an answer.
      ...(dns === undefined ? [] : [`ip daddr ${dns.address} iifname != "lo" ip saddr != ${localPods} drop`]),
    ]),
    chain('postrouting', [
      'type nat hook postrouting priority srcnat; policy accept;',
      // Connections of the machine with itself from before these rules look new to connection tracking, and must keep their address.
      'ct status dnat ip saddr . ip daddr @hairpins masquerade',
      // Packets from this node to another node's pods must return through this node.
      `ct status dnat ip saddr != ${clusterPods} ip daddr ${clusterPods} ip daddr != ${localPods} masquerade`,
      `ip saddr ${localPods} ip daddr != ${clusterPods} masquerade`,
    ]),
  ].join('')
}

function dnat({ protocol, clientAffinity }: ServicePort, targets: readonly Target[]): string {
  const [only] = targets
  if (targets.length === 1 && only) return `meta l4proto ${protocol} dnat ip to ${only.ip}:${only.port}`
  const choice = clientAffinity ? 'jhash ip saddr' : 'numgen random'
  const elements = targets.map(({ ip, port }, index) => `${index} : ${ip} . ${port}`)
  return `meta l4proto ${protocol} dnat ip to ${choice} mod ${targets.length} map { ${elements.join(', ')} }`
}

function collection(kind: 'map' | 'set', name: string, type: string, elements: readonly string[]): string {
  const unique = [...new Set(elements)]
  return `  ${kind} ${name} {\n    type ${type}\n${unique.length === 0 ? '' : `    elements = { ${unique.join(', ')} }\n`}  }\n`
}

const chain = (name: string, rules: readonly string[]): string => `  chain ${name} {\n${rules.map(rule => `    ${rule}\n`).join('')}  }\n`
