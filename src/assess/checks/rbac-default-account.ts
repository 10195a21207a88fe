import type { ManifestCheck } from '../manifest-check.ts'
import { subjectsOf } from '../rbac-rules.ts'

/** All pods of the namespace that name no account have the rights of the default account. */
export const rbacDefaultAccount: ManifestCheck = {
  id: 'rbac-default-account',
  severity: 'warning',
  title: 'The default ServiceAccount has no rights',
  serves: ['A7', 'CIS 5.1.5'],
  check: set =>
    subjectsOf(set).flatMap(({ on, subject, field }) => {
      if (subject.kind !== 'ServiceAccount' || subject.name !== 'default') return []
      const message = 'every pod that names no account gets these rights: bind a separate account'
      return [{ on, field: `${field}.name`, message }]
    }),
}
