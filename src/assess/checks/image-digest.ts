import { splitImage } from '../../api/image-reference.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** Whoever can push can move a tag to another image; a digest always names the same image. */
export const imageDigest: ManifestCheck = {
  id: 'image-digest',
  severity: 'note',
  title: 'Images are referenced by digest',
  serves: ['S1', 'S9', 'P4', 'CIS 5.5.1'],
  check: set =>
    set.workloads.flatMap(({ on, containers }) =>
      containers.flatMap(({ container: { image = '' }, path }) => {
        if (image === '') return []
        const { tag, digest } = splitImage(image)
        // Images without a version are reported by `image-tag`.
        if (digest !== undefined || tag === undefined || tag === 'latest') return []
        return [
          {
            on,
            field: `${path}.image`,
            message: `image "${image}" is referenced by a tag, which can be moved: add its digest (@sha256:…)`,
          },
        ]
      }),
    ),
}
