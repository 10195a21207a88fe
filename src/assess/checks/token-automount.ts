import type { ServiceAccount } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'
import { pointerOf } from '../object-set.ts'
import { subjectsOf } from '../rbac-rules.ts'

/** A token that nobody needs is a credential for whoever breaks into the container. Where nothing is said the cluster gives one with the account's first right only. */
export const tokenAutomount: ManifestCheck = {
  id: 'token-automount',
  severity: 'note',
  title: 'Pods whose account has no right mount no token',
  serves: ['A7', 'CIS 5.1.6', 'NSA least privilege'],
  check: set => {
    const withRights = new Set(
      subjectsOf(set).flatMap(({ subject }) => (subject.kind === 'ServiceAccount' ? [`${subject.namespace ?? ''}/${subject.name}`] : [])),
    )
    return set.workloads.flatMap(({ on, pod: { spec }, specField }) => {
      const name = spec.serviceAccountName || 'default'
      const account = set.find('serviceaccounts', on.namespace, name)?.object as ServiceAccount | undefined
      // An account that is not here may have rights that are not here either.
      if (account === undefined && name !== 'default') return []
      if ((spec.automountServiceAccountToken ?? account?.automountServiceAccountToken) !== true) return []
      if (withRights.has(`${on.namespace}/${name}`)) return []
      return [
        {
          on,
          field: `${specField}.automountServiceAccountToken`,
          message: `account "${name}" has no right here, and automountServiceAccountToken: true mounts its token all the same`,
          fix: [{ op: 'add', path: pointerOf(`${specField}.automountServiceAccountToken`), value: false }],
        },
      ]
    })
  },
}
