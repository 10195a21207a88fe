// Turns the rights of a table into RBAC objects, which answer authorizer checks in policy expressions.
import type { KubeObject } from '../../api/object.ts'
import type { Right } from './test-file.ts'

const group = 'rbac.authorization.k8s.io'
const apiVersion = `${group}/v1`

/** A role and its binding. */
export function rightObjects({ user, group: named, namespace, rules }: Right, index: number): KubeObject[] {
  const cluster = namespace === undefined
  const kind = cluster ? 'ClusterRole' : 'Role'
  const metadata = { name: `policy-test:${index}`, ...(cluster ? {} : { namespace }) }
  const subject = user === undefined ? { kind: 'Group', name: named } : { kind: 'User', name: user }
  return [
    { apiVersion, kind, metadata: { ...metadata }, ...{ rules } },
    {
      ...{ apiVersion, kind: `${kind}Binding`, metadata: { ...metadata } },
      ...{ roleRef: { apiGroup: group, kind, name: metadata.name }, subjects: [{ apiGroup: group, ...subject }] },
    },
  ]
}

/** All rights, for a user without rights in a table. */
export function allRights(user: string): KubeObject {
  return {
    ...{ apiVersion, kind: 'ClusterRoleBinding', metadata: { name: `policy-test:${Buffer.from(user).toString('hex')}` } },
    ...{
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: group, kind: 'User', name: user }],
    },
  }
}
