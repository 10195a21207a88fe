import type { ManifestCheck } from '../manifest-check.ts'
import { subjectsOf } from '../rbac-rules.ts'

/** What the default account may do, every pod of the namespace may do that names no account. */
export const rbacDefaultAccount: ManifestCheck = {
  id: 'rbac-default-account',
  severity: 'warning',
  title: 'The default ServiceAccount has no rights',
  serves: ['A7', 'CIS 5.1.5'],
  check: set =>
    subjectsOf(set).flatMap(({ on, subject, field }) => {
      if (subject.kind !== 'ServiceAccount' || subject.name !== 'default') return []
      const message = 'every pod that names no account gets these rights: bind an account of its own'
      return [{ on, field: `${field}.name`, message }]
    }),
}
