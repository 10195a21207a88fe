// supply.bulkhead.dev/v1 ManifestPolicy: which objects of its namespace must be as somebody signed them.
import type { ManifestPolicy } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { manifestPolicyColumns, validateManifestPolicySpec } from './manifest-policy-spec.ts'

export const manifestPolicy = defineResource<ManifestPolicy>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'ManifestPolicy',
  plural: 'manifestpolicies',
  shortNames: ['mfpol'],
  namespaced: true,
  countsGeneration: true,
  columns: manifestPolicyColumns,
  validate: ({ spec }) => validateManifestPolicySpec(spec, false),
})
