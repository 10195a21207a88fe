// supply.bulkhead.dev/v1 PodImages: a view of Pods for the part that watches images, without their settings.
import type { KubeObject } from '../../object.ts'
import type { Pod } from '../../types/core-v1.ts'
import type { PodImage, PodImages } from '../../types/supply-v1.ts'
import { labelsAlone } from '../bulkhead/namespace-labels.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

export const podImages = defineResource<PodImages>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'PodImages',
  plural: 'podimages',
  singular: 'podimages',
  namespaced: true,
  verbs: ['get', 'list', 'watch'],
  projectionOf: { group: '', plural: 'pods', view: object => podImagesOf(object as KubeObject & Pod) },
  columns: [
    nameColumn,
    { name: 'Images', type: 'string', cell: ({ spec }) => spec.images.map(({ image }) => image).join(',') },
    { name: 'Node', type: 'string', cell: ({ spec }) => spec.nodeName ?? '' },
    ageColumn,
  ],
})

/** Labels, too, are left out: nothing of the supply chain selects by them. */
export function podImagesOf({ metadata, spec, status }: Pod): PodImages {
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]
  const running = new Map(statuses.map(({ name, imageID }) => [name, imageID ?? '']))
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  const { labels: _, ...identity } = labelsAlone(metadata)
  return {
    apiVersion: 'supply.bulkhead.dev/v1',
    kind: 'PodImages',
    metadata: identity,
    spec: {
      ...(spec.nodeName ? { nodeName: spec.nodeName } : {}),
      ...(status?.phase ? { phase: status.phase } : {}),
      images: containers.map(({ name, image = '' }): PodImage => {
        // A pinned image is what was admitted; what the node reports may be the digest of its platform, or of the configuration.
        const digest = digestIn(image) ?? digestIn(running.get(name) ?? '')
        return { container: name, image, ...(digest === undefined ? {} : { digest }) }
      }),
    },
  }
}

/** A node reports an image that was imported, and never pulled, by the digest of its configuration alone. */
function digestIn(reference: string): string | undefined {
  const digest = reference.slice(reference.indexOf('@') + 1)
  return digestPattern.test(digest) ? digest : undefined
}
