// Roles, bindings and requests for tests of the RBAC authorizer.
import type { Attributes } from '../access.ts'
import type { PolicyRule, RbacObject, Subject } from '../rules/rbac-object.ts'

export type Change = { readonly deleted: boolean } & RbacObject

export function source(objects: readonly RbacObject[]) {
  const listeners: ((change: Change) => void)[] = []
  return {
    list: () => objects,
    onChange: (listener: (change: Change) => void) => void listeners.push(listener),
    emit: (change: Change) => {
      for (const listener of listeners) listener(change)
    },
  }
}

export const get = (user: string, groups: string[], rest: Partial<Attributes>): Attributes => ({
  user: { name: user, groups },
  verb: 'get',
  isResource: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'web',
  path: '',
  ...rest,
})

export const binding = (
  kind: 'RoleBinding' | 'ClusterRoleBinding',
  namespace: string,
  name: string,
  role: [string, string],
  subjects: Subject[],
): RbacObject => ({
  kind,
  object: {
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role[0], name: role[1] },
    subjects,
  },
})
export const clusterRole = (name: string, rules: PolicyRule[]): RbacObject => ({
  kind: 'ClusterRole',
  object: { metadata: { name }, rules },
})

export const role = (name: string, rules: PolicyRule[]): RbacObject => ({
  kind: 'Role',
  object: { metadata: { name, namespace: 'default' }, rules },
})
