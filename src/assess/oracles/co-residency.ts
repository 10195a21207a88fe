// Which pods stand on a node of another trust domain, or beside pods of another: written from docs/placement.md, without the product's code.
import type { Node, Pod } from '../../api/types/core-v1.ts'

export const nodeLabel = 'node-restriction.kubernetes.io/trust-domain'
/** Of a pod as an annotation, of a namespace as a label. */
export const podAnnotation = 'placement.bulkhead.dev/trust-domain'
/** The node's own software, which every node runs. */
const platform = 'kube-system'
const ended: ReadonlySet<string> = new Set(['Succeeded', 'Failed'])

type PlacedPod = Pick<Pod, 'metadata' | 'spec' | 'status'>
type PlacedNode = Pick<Node, 'metadata'>

const domainOfPod = ({ metadata }: PlacedPod): string => metadata.annotations?.[podAnnotation] ?? ''
const domainOfNode = ({ metadata }: PlacedNode): string => metadata.labels?.[nodeLabel] ?? ''

/** A pod that is being deleted still runs, until its containers have ended. */
const occupies = ({ metadata, spec, status }: PlacedPod): boolean =>
  metadata.namespace !== platform && spec.nodeName !== undefined && spec.nodeName !== '' && !ended.has(status?.phase ?? '')

/** A line for each pod in the wrong place. */
export function misplaced(nodes: readonly PlacedNode[], pods: readonly PlacedPod[]): string[] {
  const domains = new Map(nodes.map(node => [node.metadata.name ?? '', domainOfNode(node)]))
  return pods.filter(occupies).flatMap(pod => {
    const node = pod.spec.nodeName ?? ''
    const domain = domains.get(node)
    if (domain === undefined || domain === domainOfPod(pod)) return []
    return [
      `pod "${pod.metadata.namespace}/${pod.metadata.name}" of domain "${domainOfPod(pod)}" is on node "${node}" of domain "${domain}"`,
    ]
  })
}

/** Nodes whose pods are of more than one domain, whatever the nodes say of themselves. */
export function sharedNodes(pods: readonly PlacedPod[]): string[] {
  const domains = new Map<string, Set<string>>()
  for (const pod of pods.filter(occupies)) {
    const node = pod.spec.nodeName ?? ''
    domains.set(node, (domains.get(node) ?? new Set()).add(domainOfPod(pod)))
  }
  return [...domains]
    .filter(([, found]) => found.size > 1)
    .map(([node, found]) => `node "${node}" has pods of the domains ${[...found].map(name => `"${name}"`).join(', ')}`)
}
