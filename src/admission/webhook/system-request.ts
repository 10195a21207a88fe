// Requests with which the cluster keeps itself running: a dead webhook must not stop them (docs/adr/0012-dead-webhooks.md).
import { groupResource } from '../../api/object.ts'
import type { UserInfo } from '../../api/user.ts'
import type { AdmissionRequest } from '../admission.ts'

/** Namespaces of the cluster's own leases and workloads. */
const systemNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-node-lease'])
/** Cluster-scoped objects with which nodes and parts report and get certificates. */
const systemResources: ReadonlySet<string> = new Set(['nodes', 'certificatesigningrequests.certificates.k8s.io'])
const systemGroups: ReadonlySet<string> = new Set(['system:nodes', 'system:serviceaccounts:kube-system'])
const systemUsers: ReadonlySet<string> = new Set(['system:kube-scheduler', 'system:kube-controller-manager'])
/** The server itself, which also reports the webhook. */
const server = 'system:apiserver'

/** Requests of people do not count, whatever rights they have: they can remove the webhook. */
export function isSystemRequest({ user, namespace, resource }: AdmissionRequest): boolean {
  if (user.name === server) return true
  if (!isSystemUser(user)) return false
  return namespace === '' ? systemResources.has(groupResource(resource.group, resource.plural)) : systemNamespaces.has(namespace)
}

function isSystemUser({ name, groups }: UserInfo): boolean {
  return systemUsers.has(name) || groups.some(group => systemGroups.has(group))
}
