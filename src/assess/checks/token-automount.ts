import type { ServiceAccount } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'
import { pointerOf } from '../object-set.ts'
import { subjectsOf } from '../rbac-rules.ts'

/** A token that nobody needs is a credential for whoever breaks into the container. */
export const tokenAutomount: ManifestCheck = {
  id: 'token-automount',
  severity: 'note',
  title: 'Pods whose account has no right get no token',
  serves: ['A7', 'CIS 5.1.6', 'NSA least privilege'],
  check: set => {
    const withRights = new Set(
      subjectsOf(set).flatMap(({ subject }) => (subject.kind === 'ServiceAccount' ? [`${subject.namespace ?? ''}/${subject.name}`] : [])),
    )
    return set.workloads.flatMap(({ on, pod: { spec }, specField }) => {
      if (spec.automountServiceAccountToken !== undefined) return []
      const name = spec.serviceAccountName || 'default'
      const account = set.find('serviceaccounts', on.namespace, name)?.object as ServiceAccount | undefined
      // An account that is not here may have rights that are not here either.
      if (account === undefined ? name !== 'default' : account.automountServiceAccountToken === false) return []
      if (withRights.has(`${on.namespace}/${name}`)) return []
      return [
        {
          on,
          field: `${specField}.automountServiceAccountToken`,
          message: `account "${name}" has no right here, and a token of it is mounted unless this is false`,
          fix: [{ op: 'add', path: pointerOf(`${specField}.automountServiceAccountToken`), value: false }],
        },
      ]
    })
  },
}
