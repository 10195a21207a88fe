import { splitImage } from '../../api/image-reference.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** `latest` can change without a change of the manifest, and cannot be rolled back. */
export const imageTag: ManifestCheck = {
  id: 'image-tag',
  severity: 'warning',
  title: 'Images have a tag other than "latest", or a digest',
  serves: ['S1', 'S9', 'NSA supply chain'],
  check: set =>
    set.workloads.flatMap(({ on, containers }) =>
      containers.flatMap(({ container: { image = '' }, path }) => {
        if (image === '') return []
        const { tag, digest } = splitImage(image)
        if (digest !== undefined || (tag !== undefined && tag !== 'latest')) return []
        const message = `image "${image}" ${tag === undefined ? 'has no tag' : 'can change at any time'}: use a version or a digest`
        return [{ on, field: `${path}.image`, message }]
      }),
    ),
}
