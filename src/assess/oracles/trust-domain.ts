// Where pods of a trust domain may be, written from docs/placement.md: the proofs use nothing of the product's own rules.
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

/** A pod that is being deleted still runs, until its containers have ended. */
const occupiesNode = ({ metadata, spec, status }: Pod): boolean =>
  metadata.namespace !== platformNamespace && (spec.nodeName ?? '') !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

/** A sentence for each pod that has not ended and is on a node of another domain. */
export function strayPods(pods: readonly Pod[], nodes: readonly KubeObject[]): string[] {
  const domains = new Map(nodes.map(node => [node.metadata.name ?? '', domainOfNode(node)]))
  return pods.filter(occupiesNode).flatMap(pod => {
    const { metadata, spec } = pod
    const domain = domains.get(spec.nodeName ?? '')
    if (domain === undefined || domain === domainOfPod(pod)) return []
    return [
      `pod "${metadata.namespace}/${metadata.name}" of domain "${domainOfPod(pod)}" is on node "${spec.nodeName}" of domain "${domain}"`,
    ]
  })
}

/** A sentence for each node whose pods are of more than one domain, whatever the label of the node is. */
export function sharedNodes(pods: readonly Pod[]): string[] {
  const domains = new Map<string, Set<string>>()
  for (const pod of pods.filter(occupiesNode)) {
    const node = pod.spec.nodeName ?? ''
    domains.set(node, (domains.get(node) ?? new Set()).add(domainOfPod(pod)))
  }
  return [...domains]
    .filter(([, found]) => found.size > 1)
    .map(([node, found]) => `node "${node}" has pods of the domains ${[...found].map(name => `"${name}"`).join(', ')}`)
}
