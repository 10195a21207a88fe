// supply.bulkhead.dev/v1 ImagePolicy: which images may run in its namespace.
import type { ImagePolicy } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { patternWarnings } from './image-pattern.ts'
import { imagePolicyColumns } from './image-policy-columns.ts'
import { validateImagePolicySpec } from './image-policy-spec.ts'

export const imagePolicy = defineResource<ImagePolicy>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'ImagePolicy',
  plural: 'imagepolicies',
  shortNames: ['imgpol'],
  namespaced: true,
  countsGeneration: true,
  columns: imagePolicyColumns,
  validate: ({ spec }) => validateImagePolicySpec(spec),
  warnings: ({ spec }) => patternWarnings('spec.images', spec.images),
})
