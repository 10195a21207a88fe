// The kinds of this group: Bulkhead's supply chain.
import type { ResourceDefinition } from '../resource.ts'
import { advisorySource } from './advisory-source.ts'
import { clusterException } from './cluster-exception.ts'
import { clusterImagePolicy } from './cluster-image-policy.ts'
import { clusterManifestPolicy } from './cluster-manifest-policy.ts'
import { exception } from './exception.ts'
import { externalComponent } from './external-component.ts'
import { image } from './image.ts'
import { imagePolicy } from './image-policy.ts'
import { manifestPolicy } from './manifest-policy.ts'
import { podImages } from './pod-images.ts'
import { registryMirror } from './registry-mirror.ts'
import { registryToken } from './registry-token.ts'
import { repositoryAccessReview } from './repository-access-review.ts'
import { trustRoot } from './trust-root.ts'

export const supplyResources: readonly ResourceDefinition[] = [
  advisorySource,
  clusterException,
  clusterImagePolicy,
  clusterManifestPolicy,
  exception,
  externalComponent,
  image,
  imagePolicy,
  manifestPolicy,
  podImages,
  registryMirror,
  registryToken,
  repositoryAccessReview,
  trustRoot,
]
