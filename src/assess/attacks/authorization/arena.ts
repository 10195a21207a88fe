// Where authorization is attacked: two namespaces, and objects of the cluster that go with the first.
import type { PolicyRule, Subject } from '../../../api/types/rbac-v1.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../../client/resources.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'

export interface Arena {
  readonly context: ProofContext
  readonly first: ProofNamespace
  readonly second: ProofNamespace
  readonly cluster: ClusterObjects
}

const apiGroup = 'rbac.authorization.k8s.io'

export const userSubject = (name: string): Subject => ({ kind: 'User', apiGroup, name })
export const groupSubject = (name: string): Subject => ({ kind: 'Group', apiGroup, name })
export const accountSubject = (name: string, namespace: string): Subject => ({ kind: 'ServiceAccount', name, namespace })

/** Creates a Role and its binding of the same name in a namespace. */
export async function grantRole(
  { context: { client } }: Arena,
  { name: namespace }: ProofNamespace,
  name: string,
  rules: readonly PolicyRule[],
  subject: Subject,
  signal: AbortSignal,
): Promise<void> {
  await client.create(roles, namespace, { metadata: { name }, rules: [...rules] }, signal)
  const roleRef = { apiGroup, kind: 'Role', name }
  await client.create(roleBindings, namespace, { metadata: { name }, roleRef, subjects: [subject] }, signal)
}

/** Creates a ClusterRole, and binds it everywhere or in a namespace. The names begin with the prefix of the arena. */
export async function grantClusterRole(
  arena: Arena,
  name: string,
  rules: readonly PolicyRule[],
  subject: Subject,
  namespace: ProofNamespace | undefined,
  signal: AbortSignal,
): Promise<void> {
  const metadata = { name: `${arena.cluster.prefix}-${name}` }
  await arena.cluster.create(clusterRoles, { metadata, rules: [...rules] }, signal)
  await bindClusterRole(arena, metadata.name, metadata.name, subject, namespace, signal)
}

/** Everywhere without a namespace. */
export async function bindClusterRole(
  { context: { client }, cluster }: Arena,
  role: string,
  name: string,
  subject: Subject,
  namespace: ProofNamespace | undefined,
  signal: AbortSignal,
): Promise<void> {
  const binding = { metadata: { name }, roleRef: { apiGroup, kind: 'ClusterRole', name: role }, subjects: [subject] }
  if (namespace === undefined) await cluster.create(clusterRoleBindings, binding, signal)
  else await client.create(roleBindings, namespace.name, binding, signal)
}
