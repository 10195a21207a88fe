// The kinds of this group: Bulkhead's supply chain.
import type { ResourceDefinition } from '../resource.ts'
import { clusterImagePolicy } from './cluster-image-policy.ts'
import { image } from './image.ts'
import { imagePolicy } from './image-policy.ts'
import { podImages } from './pod-images.ts'
import { registryToken } from './registry-token.ts'
import { repositoryAccessReview } from './repository-access-review.ts'
import { trustRoot } from './trust-root.ts'

export const supplyResources: readonly ResourceDefinition[] = [
  clusterImagePolicy,
  image,
  imagePolicy,
  podImages,
  registryToken,
  repositoryAccessReview,
  trustRoot,
]
