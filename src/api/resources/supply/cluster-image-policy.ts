// supply.bulkhead.dev/v1 ClusterImagePolicy: which images may run in any namespace.
import type { ClusterImagePolicy } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { patternWarnings } from './image-pattern.ts'
import { imagePolicyColumns } from './image-policy-columns.ts'
import { validateImagePolicySpec } from './image-policy-spec.ts'

export const clusterImagePolicy = defineResource<ClusterImagePolicy>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'ClusterImagePolicy',
  plural: 'clusterimagepolicies',
  shortNames: ['cimgpol'],
  namespaced: false,
  countsGeneration: true,
  columns: imagePolicyColumns,
  validate: ({ spec }) => validateImagePolicySpec(spec),
  warnings: ({ spec }) => patternWarnings('spec.images', spec.images),
})
