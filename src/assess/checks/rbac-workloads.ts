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

/**
 * Whoever can create pods can use every account, Secret and volume claim of the namespace; with a ClusterRole, possibly of all namespaces.
 */
export const rbacWorkloads: ManifestCheck = {
  id: 'rbac-workloads',
  severity: 'note',
  title: 'Rights to create pods are intended: they give every account and Secret of the namespace',
  serves: ['A6', 'P2', 'CIS 5.1.4'],
  check: set =>
    rulesOf(set).flatMap(({ on, rule, field }) => {
      if (hasWildcard(rule)) return []
      const made = makers
        .filter(([group, resource]) => grants(rule, ['create', 'update', 'patch'], group, resource))
        .map(([, resource]) => resource)
      if (made.length === 0) return []
      const message = `whoever can write ${made.join(', ')} can act as every ServiceAccount and read every Secret of the namespace`
      return [{ on, field: `${field}.resources`, message }]
    }),
}
