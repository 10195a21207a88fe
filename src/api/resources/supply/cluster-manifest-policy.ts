// supply.bulkhead.dev/v1 ClusterManifestPolicy: which objects of the cluster must be as somebody signed them.
import type { ClusterManifestPolicy } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { manifestPolicyColumns, validateManifestPolicySpec } from './manifest-policy-spec.ts'

export const clusterManifestPolicy = defineResource<ClusterManifestPolicy>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'ClusterManifestPolicy',
  plural: 'clustermanifestpolicies',
  shortNames: ['cmfpol'],
  namespaced: false,
  countsGeneration: true,
  columns: manifestPolicyColumns,
  validate: ({ spec }) => validateManifestPolicySpec(spec, true),
})
