import type { ManifestCheck } from '../manifest-check.ts'
import { grants, hasWildcard, rulesOf } from '../rbac-rules.ts'

const makers: readonly (readonly [group: string, resource: string])[] = [
  ['', 'pods'],
  ['', 'replicationcontrollers'],
  ['apps', 'deployments'],
  ['apps', 'statefulsets'],
  ['apps', 'daemonsets'],
  ['apps', 'replicasets'],
  ['batch', 'jobs'],
  ['batch', 'cronjobs'],
]

/** Who makes pods uses every account, Secret and volume claim of the namespace; in a ClusterRole that may be every namespace. */
export const rbacWorkloads: ManifestCheck = {
  id: 'rbac-workloads',
  severity: 'note',
  title: 'The right to create pods is known for what it gives',
  serves: ['A6', 'P2', 'CIS 5.1.4'],
  check: set =>
    rulesOf(set).flatMap(({ on, rule, field }) => {
      if (hasWildcard(rule)) return []
      const made = makers
        .filter(([group, resource]) => grants(rule, ['create', 'update', 'patch'], group, resource))
        .map(([, resource]) => resource)
      if (made.length === 0) return []
      const message = `who writes ${made.join(', ')} acts as every ServiceAccount and reads every Secret of the namespace`
      return [{ on, field: `${field}.resources`, message }]
    }),
}
