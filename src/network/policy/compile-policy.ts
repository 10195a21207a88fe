// Compiles a NetworkPolicy to the form that rules are made from: named selectors, address ranges, and ports with their protocols. Pure.
import { createHash } from 'node:crypto'
import type { AddressRange } from '../../api/addresses/ipv4-range.ts'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/types/networking-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { rangesOf } from '../address-ranges.ts'
import type { Protocol } from '../services/ruleset.ts'
import { type PolicyPod, policyProtocol } from './policy-pods.ts'

/** Selects pods by labels, in one namespace or in those that a selector matches. */
export interface PeerSelector {
  /** Equal for equal selections, whichever policy contains them. */
  readonly id: string
  readonly namespace: string | LabelSelector
  readonly pods: LabelSelector
}

export type PortMatch =
  | { readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly protocol: Protocol; readonly name: string }

export interface PolicyRule {
  /** Undefined: all peers. */
  readonly peers: { readonly selectors: readonly PeerSelector[]; readonly ranges: readonly AddressRange[] } | undefined
  /** Undefined: every port of every protocol, and ICMP. */
  readonly ports: readonly PortMatch[] | undefined
}

export interface CompiledPolicy {
  readonly namespace: string
  readonly name: string
  readonly version: number
  readonly pods: LabelSelector
  /** Undefined if the policy does not apply to this direction; an empty list allows nothing. */
  readonly ingress: readonly PolicyRule[] | undefined
  readonly egress: readonly PolicyRule[] | undefined
}

export type Direction = 'ingress' | 'egress'

export function compilePolicy({ metadata, spec }: NetworkPolicy): CompiledPolicy {
  const namespace = metadata.namespace ?? ''
  const types = spec.policyTypes ?? ['Ingress']
  return {
    namespace,
    name: metadata.name ?? '',
    version: Number(metadata.resourceVersion ?? 0),
    pods: spec.podSelector,
    ingress: types.includes('Ingress') ? (spec.ingress ?? []).map(({ from, ports }) => ruleOf(from, ports, namespace)) : undefined,
    egress: types.includes('Egress') ? (spec.egress ?? []).map(({ to, ports }) => ruleOf(to, ports, namespace)) : undefined,
  }
}

/** An empty list of peers or ports allows all, as a missing one does. */
function ruleOf(
  peers: readonly NetworkPolicyPeer[] | undefined = [],
  ports: readonly NetworkPolicyPort[] | undefined = [],
  namespace: string,
): PolicyRule {
  return {
    peers:
      peers.length === 0
        ? undefined
        : {
            selectors: peers.flatMap(peer => (peer.ipBlock === undefined ? [selectorOf(peer, namespace)] : [])),
            ranges: rangesOf(peers.flatMap(({ ipBlock }) => ipBlock ?? [])),
          },
    ports: ports.length === 0 ? undefined : ports.map(portOf),
  }
}

function selectorOf({ podSelector, namespaceSelector }: NetworkPolicyPeer, own: string): PeerSelector {
  const namespace = namespaceSelector ?? own
  const pods = podSelector ?? {}
  return { id: shortHash(writeJson([namespace, pods])), namespace, pods }
}

function portOf({ protocol: text, port, endPort }: NetworkPolicyPort): PortMatch {
  const protocol = policyProtocol(text)
  if (typeof port === 'string') return { protocol, name: port }
  return port === undefined ? { protocol, first: 0, last: 65535 } : { protocol, first: port, last: endPort ?? port }
}

/** An unknown namespace has no labels, so selectors grant it nothing. */
export function selectsPeer(
  { namespace, pods }: PeerSelector,
  pod: Pick<PolicyPod, 'namespace' | 'labels'>,
  namespaceLabels: (name: string) => Readonly<Record<string, string>> | undefined,
): boolean {
  if (typeof namespace === 'string') {
    if (pod.namespace !== namespace) return false
  } else {
    const labels = namespaceLabels(pod.namespace)
    if (labels === undefined || !selects(namespace, labels)) return false
  }
  return selects(pods, pod.labels)
}

/** For names in nftables, which are letters and digits. 128 bits, so that no content can be made to collide with another's name. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
