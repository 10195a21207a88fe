import type { ManifestCheck } from '../manifest-check.ts'
import { grants, hasWildcard, rulesOf } from '../rbac-rules.ts'

const reading = ['get', 'list', 'watch']

/** Whoever can list Secrets can read all credentials of the namespace or the cluster. */
export const rbacSecrets: ManifestCheck = {
  id: 'rbac-secrets',
  severity: 'warning',
  title: 'Roles can read only Secrets that they name',
  serves: ['A6', 'D5', 'CIS 5.1.2', 'NSA least privilege'],
  check: set =>
    rulesOf(set).flatMap(({ on, rule, field }) => {
      if (hasWildcard(rule) || (rule.resourceNames?.length ?? 0) > 0 || !grants(rule, reading, '', 'secrets')) return []
      const verbs = rule.verbs.filter(verb => reading.includes(verb)).join(', ')
      const where = on.namespace === '' ? 'the cluster' : `namespace "${on.namespace}"`
      return [
        {
          on,
          field: `${field}.resources`,
          message: `${verbs} on every Secret of ${where}: list the needed ones in resourceNames`,
        },
      ]
    }),
}
