// Renders the rules for network policies as nftables text. Pure: the same input gives the same text.
import type { PortMatch } from './compile-policy.ts'
import { type AddressSet, type Chain, portSetName, type Step } from './policy-chains.ts'
import type { Change, Elements } from './policy-table.ts'

export interface PolicyNetwork {
  /** The nftables table of the node's policies. */
  readonly table: string
  /** Addresses of the node's pods. */
  readonly localPods: string
  /** The address to which pods send DNS questions, and the port on which the node answers. */
  readonly dns: { readonly address: string; readonly port: number }
}

/** The chains that the kernel's hooks jump to. */
export const hookChains = ['source', 'ipv6_output', 'forward_egress', 'forward_ingress', 'to_node'] as const

/** How long refused flows are recorded, and how many in each direction. */
export const rememberedRefusals = { seconds: 600, most: 4096 }

/** Replaces the table in one transaction: packets see the old rules or the new ones, never neither. */
export function renderTable(network: PolicyNetwork, change: Change | undefined): string {
  const { table } = network
  const start = `table inet ${table}\ndelete table inet ${table}\ntable inet ${table} {\n${frame(network)}}\n`
  return change === undefined ? start : start + renderChange(network, change)
}

export function renderChange({ table }: Pick<PolicyNetwork, 'table'>, change: Change): string {
  const { newSets, newChains, removed, added, oldChains, oldSets } = change
  const lines = [
    ...newSets.map(({ name, set }) => `add set inet ${table} ${name} { ${typeOf(set)} }`),
    ...newSets.flatMap(({ name, elements }) => elementLines('add', table, { set: name, elements })),
    ...newChains.map(({ name }) => `add chain inet ${table} ${name}`),
    ...newChains.flatMap(({ name, chain }) => chain.steps.map(step => `add rule inet ${table} ${name} ${ruleOf(step, chain)}`)),
    ...removed.flatMap(elements => elementLines('delete', table, elements)),
    ...added.flatMap(elements => elementLines('add', table, elements)),
    ...oldChains.map(name => `flush chain inet ${table} ${name}`),
    ...oldChains.map(name => `delete chain inet ${table} ${name}`),
    ...oldSets.map(name => `delete set inet ${table} ${name}`),
  ]
  return `${lines.join('\n')}\n`
}

/** Lines of a length that nft's parser accepts. */
const elementsALine = 500

function elementLines(verb: 'add' | 'delete', table: string, { set, elements }: Elements): string[] {
  const lines: string[] = []
  for (let at = 0; at < elements.length; at += elementsALine)
    lines.push(`${verb} element inet ${table} ${set} { ${elements.slice(at, at + elementsALine).join(', ')} }`)
  return lines
}

function typeOf(set: AddressSet): string {
  switch (set.kind) {
    case 'selector':
      return 'type ipv4_addr;'
    case 'ranges':
      return 'type ipv4_addr; flags interval;'
    case 'port':
      return 'type ipv4_addr . inet_service;'
  }
}

/**
 * Both ends of the connection after DNAT and before SNAT, for packets of both directions. So a connection that is no longer allowed is cut,
 * and not only new ones are refused.
 */
const client = 'ct original ip saddr'
const server = 'ct reply ip saddr'
const serverPort = 'ct reply proto-src'

function ruleOf({ peers, ports, verdict }: Step, { direction }: Chain): string {
  const peer = direction === 'ingress' ? client : server
  return [
    ...(peers === undefined ? [] : [`${peer} @${peers}`]),
    ...(ports === undefined ? [] : [portText(ports)]),
    verdictText(verdict),
  ].join(' ')
}

function portText(port: PortMatch): string {
  const protocol = `meta l4proto ${port.protocol}`
  if ('name' in port) return `${protocol} ${server} . ${serverPort} @${portSetName(port)}`
  if (port.first === 0 && port.last === 65535) return protocol
  return `${protocol} ${serverPort} ${port.first === port.last ? port.first : `${port.first}-${port.last}`}`
}

function verdictText(verdict: Step['verdict']): string {
  if (verdict === 'accept') return 'accept'
  return 'jump' in verdict ? `jump ${verdict.jump}` : `goto refuse_${verdict.refuse}`
}

function frame({ localPods, dns }: PolicyNetwork): string {
  const refused = (name: string) =>
    `  set ${name} {\n    type ipv4_addr . ipv4_addr . inet_proto . inet_service\n    flags dynamic, timeout\n    size ${rememberedRefusals.most}\n    timeout ${rememberedRefusals.seconds}s\n    counter\n  }\n`
  const remember = (name: string) => `update @${name} { ${client} . ${server} . meta l4proto . ${serverPort} }`
  return [
    '  set links {\n    type ifname\n  }\n',
    '  set sources {\n    type ifname . ipv4_addr\n  }\n',
    '  set itself {\n    type ipv4_addr . ipv4_addr\n  }\n',
    '  map egress {\n    type ipv4_addr : verdict\n  }\n',
    '  map ingress {\n    type ipv4_addr : verdict\n  }\n',
    '  set may_ask_dns {\n    type ipv4_addr . inet_proto\n  }\n',
    refused('refused_egress'),
    refused('refused_ingress'),
    '  counter spoofed {\n  }\n',
    // Refused even if the set is full: recording and dropping are separate rules.
    chain('refuse_egress', [remember('refused_egress'), 'drop']),
    chain('refuse_ingress', [remember('refused_ingress'), 'drop']),
    chain('spoofed', ['counter name spoofed', 'drop']),
    chain('source', [
      'type filter hook prerouting priority raw + 10; policy accept;',
      // The pod network is IPv4. Other packets on a link would bypass every policy and reach the node by its link-local address.
      'meta nfproto ipv6 iifname @links drop',
      `iifname @links iifname . ip saddr != @sources goto spoofed`,
      `ip saddr ${localPods} iifname . ip saddr != @sources iifname != "lo" goto spoofed`,
    ]),
    chain('ipv6_output', ['type filter hook output priority filter - 2; policy accept;', 'meta nfproto ipv6 oifname @links drop']),
    chain('forward_egress', [
      'type filter hook forward priority filter - 2; policy accept;',
      'meta nfproto ipv6 oifname @links drop',
      // Packets without a known connection cannot be evaluated.
      `ip saddr ${localPods} ct state { invalid, untracked } drop`,
      `ip daddr ${localPods} ct state { invalid, untracked } drop`,
      `${client} . ${server} @itself accept`,
      `${client} vmap @egress`,
      // A pod whose rules are not loaded yet, or already removed.
      `${client} ${localPods} drop`,
    ]),
    chain('forward_ingress', [
      'type filter hook forward priority filter - 1; policy accept;',
      `${client} . ${server} @itself accept`,
      `${server} vmap @ingress`,
      `${server} ${localPods} drop`,
    ]),
    chain('to_node', [
      'type filter hook input priority filter - 2; policy accept;',
      'iifname != @links accept',
      'ct state { invalid, untracked } drop',
      // Answers to connections that the node opened: as upstream, the node reaches its pods whatever policies say, or no probe would work.
      'ct direction reply accept',
      `ip daddr ${dns.address} meta l4proto { tcp, udp } th dport ${dns.port} jump names`,
      `${client} vmap @egress`,
      'drop',
    ]),
    chain('names', ['ip saddr . meta l4proto @may_ask_dns accept', 'goto refuse_egress']),
  ].join('')
}

const chain = (name: string, rules: readonly string[]): string => `  chain ${name} {\n${rules.map(rule => `    ${rule}\n`).join('')}  }\n`
