import type { ServiceAccount } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'
import { pointerOf } from '../object-set.ts'
import { subjectsOf } from '../rbac-rules.ts'

/**
 * An unneeded token is a credential for whoever breaks into the container. By default the cluster mounts one only once the account has a
 * right.
 */
export const tokenAutomount: ManifestCheck = {
  id: 'token-automount',
  severity: 'note',
  title: 'Pods mount a token only if their ServiceAccount has an RBAC grant',
  serves: ['A7', 'CIS 5.1.6', 'NSA least privilege'],
  check: set => {
    const withRights = new Set(
      subjectsOf(set).flatMap(({ subject }) => (subject.kind === 'ServiceAccount' ? [`${subject.namespace ?? ''}/${subject.name}`] : [])),
    )
    return set.workloads.flatMap(({ on, pod: { spec }, specField }) => {
      const name = spec.serviceAccountName || 'default'
      const account = set.find('serviceaccounts', on.namespace, name)?.object as ServiceAccount | undefined
      // The rights of an account outside of the manifests are unknown.
      if (account === undefined && name !== 'default') return []
      if ((spec.automountServiceAccountToken ?? account?.automountServiceAccountToken) !== true) return []
      if (withRights.has(`${on.namespace}/${name}`)) return []
      return [
        {
          on,
          field: `${specField}.automountServiceAccountToken`,
          message: `account "${name}" has no grant among the manifests, but automountServiceAccountToken: true mounts its token anyway`,
          fix: [{ op: 'add', path: pointerOf(`${specField}.automountServiceAccountToken`), value: false }],
        },
      ]
    })
  },
}
