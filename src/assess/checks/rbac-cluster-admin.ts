import type { ManifestCheck } from '../manifest-check.ts'
import { bindingsOf } from '../rbac-rules.ts'

/** With a standing cluster-admin, one stolen credential gives the whole cluster. */
export const rbacClusterAdmin: ManifestCheck = {
  id: 'rbac-cluster-admin',
  severity: 'warning',
  title: 'Nobody is bound to cluster-admin',
  serves: ['A6', 'D5', 'CIS 5.1.1'],
  check: set =>
    bindingsOf(set).flatMap(({ on, binding }) => {
      if (binding.roleRef.kind !== 'ClusterRole' || binding.roleRef.name !== 'cluster-admin') return []
      const where = on.namespace === '' ? 'the cluster' : `namespace "${on.namespace}"`
      return [{ on, field: 'roleRef.name', message: `cluster-admin has all rights in ${where}: bind a role with only the needed rights` }]
    }),
}
