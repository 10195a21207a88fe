import { parseImage } from '../image-reference.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** A tag can be moved to another image by whoever may push; a digest is the image. */
export const imageDigest: ManifestCheck = {
  id: 'image-digest',
  severity: 'note',
  title: 'Images are named by digest',
  serves: ['S1', 'S9', 'P4', 'CIS 5.5.1'],
  check: set =>
    set.workloads.flatMap(({ on, containers }) =>
      containers.flatMap(({ container: { image = '' }, path }) => {
        if (image === '') return []
        const { tag, digest } = parseImage(image)
        // Without a version it is the matter of `image-tag`.
        if (digest !== undefined || tag === undefined || tag === 'latest') return []
        return [{ on, field: `${path}.image`, message: `image "${image}" is named by a tag that can be moved: add its digest (@sha256:…)` }]
      }),
    ),
}
