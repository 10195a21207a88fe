// Trust domains: which pods may be on which node. A namespace is in one domain, a node serves one, and pods of two domains share no node. Pure.
import type { KubeObject } from '../object.ts'
import type { Pod } from '../types/core-v1.ts'

/** Of a Namespace. */
export const namespaceDomainLabel = 'placement.bulkhead.dev/trust-domain'
/** Of a Node; no node may set a label of this prefix itself (NodeRestriction). */
export const nodeDomainLabel = 'node-restriction.kubernetes.io/trust-domain'
/** Of a Pod: written by the server from the namespace, so that scheduler and nodes need nothing else. */
export const podDomainAnnotation = 'placement.bulkhead.dev/trust-domain'

/** The node's own software, which every node runs. */
const platform = 'kube-system'

/** '' for what no domain is named for; that is a domain as any other. */
export const domainOfNamespace = (namespace: KubeObject | undefined): string => namespace?.metadata.labels?.[namespaceDomainLabel] ?? ''
export const domainOfNode = (node: KubeObject | undefined): string => node?.metadata.labels?.[nodeDomainLabel] ?? ''
export const domainOfPod = ({ metadata }: KubeObject): string => metadata.annotations?.[podDomainAnnotation] ?? ''

/** Pods that are in no domain: they may be anywhere. */
export const isPlatform = (namespace: string | undefined): boolean => namespace === platform

export function mayRunOn(pod: KubeObject, node: KubeObject | undefined): boolean {
  return isPlatform(pod.metadata.namespace) || domainOfPod(pod) === domainOfNode(node)
}

/** Whether the pod is on a node, or may still come to be: one that has ended shares nothing any more. */
export const isLive = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

/** `trust domain "a"`, `no trust domain`. */
export const nameDomain = (domain: string): string => (domain === '' ? 'no trust domain' : `trust domain "${domain}"`)
