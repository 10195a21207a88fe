// Trust domains decide which pods may run on which node. A namespace and a node have one domain each, and pods of two domains share no node.
// Pure.
import type { KubeObject } from '../object.ts'
import type { Pod } from '../types/core-v1.ts'

/** Label of a Namespace. */
export const namespaceDomainLabel = 'placement.bulkhead.dev/trust-domain'
/** Label of a Node; NodeRestriction keeps nodes from setting labels with this prefix. */
export const nodeDomainLabel = 'node-restriction.kubernetes.io/trust-domain'
/** Annotation of a Pod, which the server copies from the namespace, so that scheduler and nodes need nothing else. */
export const podDomainAnnotation = 'placement.bulkhead.dev/trust-domain'

/** The node's own software, which runs on every node. */
const platform = 'kube-system'

/** '' if no domain is set; that counts as a domain of its own. */
export const domainOfNamespace = (namespace: KubeObject | undefined): string => namespace?.metadata.labels?.[namespaceDomainLabel] ?? ''
export const domainOfNode = (node: KubeObject | undefined): string => node?.metadata.labels?.[nodeDomainLabel] ?? ''
export const domainOfPod = ({ metadata }: KubeObject): string => metadata.annotations?.[podDomainAnnotation] ?? ''

/** Pods without a domain may run anywhere. */
export const isPlatform = (namespace: string | undefined): boolean => namespace === platform

export function mayRunOn(pod: KubeObject, node: KubeObject | undefined): boolean {
  return isPlatform(pod.metadata.namespace) || domainOfPod(pod) === domainOfNode(node)
}

/** Whether the pod is on a node, or may still be bound; one that has ended shares nothing any more. */
export const isLive = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

/** `trust domain "a"`, `no trust domain`. */
export const nameDomain = (domain: string): string => (domain === '' ? 'no trust domain' : `trust domain "${domain}"`)
