import type { ManifestCheck } from '../manifest-check.ts'
import { rulesOf } from '../rbac-rules.ts'

/** A wildcard also grants what future versions add to the API, and hides from review what it grants today. */
export const rbacWildcard: ManifestCheck = {
  id: 'rbac-wildcard',
  severity: 'warning',
  title: 'Roles list verbs, resources and groups instead of "*"',
  serves: ['A6', 'CIS 5.1.3', 'NSA least privilege'],
  check: set =>
    rulesOf(set).flatMap(({ on, rule, field }) =>
      (['verbs', 'resources', 'apiGroups', 'nonResourceURLs'] as const).flatMap(list => {
        const index = rule[list]?.indexOf('*') ?? -1
        if (index < 0) return []
        return [
          {
            on,
            field: `${field}.${list}[${index}]`,
            message: `"*" grants all present and future ${list}: list the needed ones`,
          },
        ]
      }),
    ),
}
