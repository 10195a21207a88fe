// Evaluates one connection against network policies, rule by rule from the objects: for explanations, and to verify the kernel's rules.
// Pure.

import { parseCidr } from '../../api/addresses/ip-address.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/types/networking-v1.ts'
import { selects } from '../../client/cache/label-selector.ts'

type Labels = Readonly<Record<string, string>>

export interface Party {
  readonly address: string
  /** Undefined if it is no pod: the node, or an address outside the cluster. */
  readonly pod?: {
    readonly namespace: string
    readonly name: string
    readonly labels: Labels
    readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
  }
}

export interface Flow {
  readonly from: Party
  readonly to: Party
  /** `TCP`, `UDP`, `SCTP`; other protocols have no ports. */
  readonly protocol: string
  readonly port: number
}

export interface PolicyState {
  readonly policies: readonly NetworkPolicy[]
  /** Undefined for an unknown namespace. */
  namespaceLabels(name: string): Labels | undefined
}

export type FlowVerdict =
  /** `by` is a policy that allows it; undefined if no policy isolates the pod, or the end is no pod. */
  | { readonly allowed: true; readonly by?: string }
  /** `isolating` are the names of the policies that select the pod and do not allow the connection. */
  | { readonly allowed: false; readonly direction: 'egress' | 'ingress'; readonly isolating: readonly string[] }

const allowed: FlowVerdict = { allowed: true }

export function evaluateFlow(flow: Flow, world: PolicyState): FlowVerdict {
  const { from, to } = flow
  if (from.pod !== undefined && from.address === to.address) return allowed
  const egress = evaluateDirection('egress', flow, world)
  return egress.allowed ? evaluateDirection('ingress', flow, world) : egress
}

/** The result of the policies of one end. */
export function evaluateDirection(direction: 'egress' | 'ingress', flow: Flow, world: PolicyState): FlowVerdict {
  const [{ pod }, other] = direction === 'egress' ? [flow.from, flow.to] : [flow.to, flow.from]
  if (pod === undefined) return allowed
  const type = direction === 'egress' ? 'Egress' : 'Ingress'
  const isolating = world.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace && (spec.policyTypes ?? ['Ingress']).includes(type) && selects(spec.podSelector, pod.labels),
  )
  if (isolating.length === 0) return allowed
  for (const { metadata, spec } of isolating) {
    const rules =
      direction === 'egress'
        ? (spec.egress ?? []).map(rule => ({ peers: rule.to, ports: rule.ports }))
        : (spec.ingress ?? []).map(rule => ({ peers: rule.from, ports: rule.ports }))
    for (const { peers = [], ports = [] } of rules) {
      const peerFits = peers.length === 0 || peers.some(peer => isPeer(peer, other, pod.namespace, world))
      if (peerFits && (ports.length === 0 || ports.some(port => isPort(port, flow)))) return { allowed: true, by: metadata.name ?? '' }
    }
  }
  return { allowed: false, direction, isolating: isolating.map(({ metadata }) => metadata.name ?? '').sort() }
}

function isPeer(peer: NetworkPolicyPeer, party: Party, own: string, world: PolicyState): boolean {
  const { ipBlock, namespaceSelector, podSelector } = peer
  if (ipBlock !== undefined) return within(party.address, ipBlock.cidr) && !(ipBlock.except ?? []).some(cidr => within(party.address, cidr))
  if (party.pod === undefined) return false
  const { namespace, labels } = party.pod
  if (podSelector !== undefined && !selects(podSelector, labels)) return false
  if (namespaceSelector === undefined) return namespace === own
  const known = world.namespaceLabels(namespace)
  return known !== undefined && selects(namespaceSelector, known)
}

function isPort({ protocol = 'TCP', port, endPort }: NetworkPolicyPort, flow: Flow): boolean {
  if (protocol !== flow.protocol) return false
  if (port === undefined) return true
  if (typeof port === 'string')
    return (flow.to.pod?.ports ?? []).some(named => named.name === port && named.port === flow.port && named.protocol === protocol)
  return flow.port >= port && flow.port <= (endPort ?? port)
}

function within(address: string, cidr: string): boolean {
  const block = parseCidr(cidr)
  const bytes = parseCidr(`${address}/32`)?.address
  if (block === undefined || bytes?.length !== block.address.length) return false
  for (let bit = 0; bit < block.prefixLength; bit++) {
    const mask = 0x80 >> (bit % 8)
    const at = bit >> 3
    if (((bytes[at] ?? 0) & mask) !== ((block.address[at] ?? 0) & mask)) return false
  }
  return true
}
