import type { ShippedPolicy } from './shipped-policy.ts'

export const broadBindings: ShippedPolicy = {
  name: 'broad-bindings.policies.bulkhead.dev',
  does: 'Refuses bindings of `cluster-admin`, `admin` or `edit` to everybody: anonymous or authenticated users, or all ServiceAccounts',
  guard: 'one binding makes whoever reaches the API an administrator',
  action: 'Deny',
  spec: {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['rolebindings', 'clusterrolebindings'],
          scope: '*',
        },
      ],
    },
    variables: [
      {
        name: 'everybody',
        expression: `has(object.subjects) ? object.subjects.filter(subject, subject.kind != 'ServiceAccount' && subject.name in
          ['system:anonymous', 'system:unauthenticated', 'system:authenticated', 'system:serviceaccounts']).map(subject, subject.name) : []`,
      },
      // A finalizer can be removed from what there was before.
      {
        name: 'unchanged',
        expression: 'oldObject != null && has(oldObject.subjects) && has(object.subjects) && oldObject.subjects == object.subjects',
      },
    ],
    validations: [
      {
        expression:
          "!(object.roleRef.name in ['cluster-admin', 'admin', 'edit']) || variables.everybody.size() == 0 || variables.unchanged",
        messageExpression:
          "'the role ' + object.roleRef.name + ' would be bound to ' + variables.everybody.join(', ') + ', which is everybody: name the subjects that need it'",
        message: 'a powerful role would be bound to everybody: name the subjects that need it',
        reason: 'Forbidden',
      },
    ],
  },
}
