import type { ShippedPolicy } from './shipped-policy.ts'

export const defaultAccountRights: ShippedPolicy = {
  name: 'default-account-rights.policies.bulkhead.dev',
  does: 'Warns of bindings to a ServiceAccount `default`',
  guard: 'every pod that names no account gets a token with the right',
  action: 'Warn',
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
    validations: [
      {
        expression:
          "!has(object.subjects) || !object.subjects.exists(subject, subject.kind == 'ServiceAccount' && subject.name == 'default')",
        message:
          'every pod of the namespace that names no ServiceAccount gets a token with this right: bind it to an account of the workload that needs it',
      },
    ],
  },
}
