// Trust domains by their labels and annotations, written for the proofs alone: what they attack is not asked about itself.
import type { KubeObject } from '../../api/object.ts'
import type { Pod } from '../../api/types/core-v1.ts'

export const namespaceLabel = 'placement.bulkhead.dev/trust-domain'
export const nodeLabel = 'node-restriction.kubernetes.io/trust-domain'
export const podAnnotation = 'placement.bulkhead.dev/trust-domain'

/** Its pods are the platform's, and run on every node. */
const platformNamespace = 'kube-system'

/** '' for none. */
export const domainOfNode = ({ metadata }: KubeObject): string => metadata.labels?.[nodeLabel] ?? ''
export const domainOfPod = ({ metadata }: KubeObject): string => metadata.annotations?.[podAnnotation] ?? ''

/** A sentence for each pod that has not ended and is on a node of another domain. */
export function strayPods(pods: readonly Pod[], nodes: readonly KubeObject[]): string[] {
  const domains = new Map(nodes.map(node => [node.metadata.name ?? '', domainOfNode(node)]))
  return pods.flatMap(pod => {
    const { metadata, spec, status } = pod
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed'
    const domain = domains.get(spec.nodeName ?? '')
    if (ended || domain === undefined || metadata.namespace === platformNamespace || domainOfPod(pod) === domain) return []
    return [
      `pod "${metadata.namespace}/${metadata.name}" of domain "${domainOfPod(pod)}" is on node "${spec.nodeName}" of domain "${domain}"`,
    ]
  })
}
