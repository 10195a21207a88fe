// Explains why policies refuse a connection, and proposes the smallest policies that would allow it. Pure.
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/types/networking-v1.ts'
import { evaluateDirection, evaluateFlow, type Flow, type Party, type PolicyState } from './evaluate.ts'

export interface RefusedEnd {
  readonly direction: 'egress' | 'ingress'
  readonly namespace: string
  readonly pod: string
  /** The policies that isolate the pod in this direction and do not allow the connection. */
  readonly isolating: readonly string[]
  readonly wouldAllow: NetworkPolicy
}

/** One entry for each end that refuses; empty if the connection is allowed. */
export function explainRefusal(flow: Flow, world: PolicyState): RefusedEnd[] {
  if (evaluateFlow(flow, world).allowed) return []
  return (['egress', 'ingress'] as const).flatMap(direction => {
    const verdict = evaluateDirection(direction, flow, world)
    const { pod } = direction === 'egress' ? flow.from : flow.to
    if (verdict.allowed || pod === undefined) return []
    const { namespace, name } = pod
    return [{ direction, namespace, pod: name, isolating: verdict.isolating, wouldAllow: allowing(direction, flow, pod) }]
  })
}

const withPorts = new Set(['TCP', 'UDP', 'SCTP'])

function allowing(direction: 'egress' | 'ingress', { from, to, protocol, port }: Flow, pod: NonNullable<Party['pod']>): NetworkPolicy {
  const peers = [peerOf(direction === 'egress' ? to : from, pod.namespace)]
  const ports: { ports?: NetworkPolicyPort[] } = withPorts.has(protocol) ? { ports: [{ protocol, port }] } : {}
  const rule = direction === 'egress' ? { egress: [{ to: peers, ...ports }] } : { ingress: [{ from: peers, ...ports }] }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${direction === 'egress' ? 'from' : 'to'}-${pod.name}`.slice(0, 253), namespace: pod.namespace },
    spec: { podSelector: selectorOf(pod.labels), policyTypes: [direction === 'egress' ? 'Egress' : 'Ingress'], ...rule },
  }
}

function peerOf({ address, pod }: Party, own: string): NetworkPolicyPeer {
  if (pod === undefined) return { ipBlock: { cidr: `${address}/32` } }
  const podSelector = selectorOf(pod.labels)
  if (pod.namespace === own) return { podSelector }
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pod.namespace } }, podSelector }
}

/** Labels that controllers set for a single pod or version: the next pod has other values. */
const generated = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-completion-index',
  'controller-uid',
])

/** A pod without labels cannot be selected alone, so the whole namespace is selected. */
function selectorOf(labels: Readonly<Record<string, string>>): LabelSelector {
  const lasting = Object.entries(labels).filter(([key]) => !generated.has(key))
  return lasting.length === 0 ? {} : { matchLabels: Object.fromEntries(lasting) }
}
