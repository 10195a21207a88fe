// The kinds of this group: Bulkhead's supply chain.
import type { ResourceDefinition } from '../resource.ts'
import { clusterImagePolicy } from './cluster-image-policy.ts'
import { clusterManifestPolicy } from './cluster-manifest-policy.ts'
import { externalComponent } from './external-component.ts'
import { image } from './image.ts'
import { imagePolicy } from './image-policy.ts'
import { manifestPolicy } from './manifest-policy.ts'
import { podImages } from './pod-images.ts'
import { trustRoot } from './trust-root.ts'

export const supplyResources: readonly ResourceDefinition[] = [
  clusterImagePolicy,
  clusterManifestPolicy,
  externalComponent,
  image,
  imagePolicy,
  manifestPolicy,
  podImages,
  trustRoot,
]
