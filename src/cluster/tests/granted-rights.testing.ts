// Rights of users, for tests of attacks beyond them.
import type { SecuredApi } from './secured-api.testing.ts'

export const rbac = '/apis/rbac.authorization.k8s.io/v1'
export const rbacGroup = 'rbac.authorization.k8s.io'

/** A user with these rules, cluster-wide or in a namespace. */
export async function grant(api: SecuredApi, user: string, rules: object[], namespace?: string): Promise<void> {
  const scope = namespace === undefined ? rbac : `${rbac}/namespaces/${namespace}`
  const [roles, kind] = namespace === undefined ? ['clusterrole', 'ClusterRole'] : ['role', 'Role']
  await api.create(`${scope}/${roles}s`, { metadata: { name: `of-${user}` }, rules })
  await api.create(`${scope}/${roles}bindings`, {
    metadata: { name: `of-${user}` },
    subjects: [{ kind: 'User', apiGroup: rbacGroup, name: user }],
    roleRef: { apiGroup: rbacGroup, kind, name: `of-${user}` },
  })
}
export const rule = (verbs: string[], resources: string[], more: object = {}) => ({ verbs, apiGroups: [''], resources, ...more })
