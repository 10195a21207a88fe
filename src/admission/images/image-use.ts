// The images of a pod or pod template, with the places where they stand.

import { parseImageReference } from '../../api/image-reference.ts'
import type { ObjectMeta } from '../../api/object.ts'
import { containersOf } from '../../api/pods/containers-of.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'

export interface ImageUse {
  /** The container's name, or `volume <name>`: unique within the pod. */
  readonly name: string
  readonly image: string
  /** Whether the node may pull it. */
  readonly pulled: boolean
  set(image: string): void
}

export function imageUses(spec: PodSpec): ImageUse[] {
  const uses: ImageUse[] = []
  for (const { container } of containersOf(spec))
    uses.push({
      name: container.name,
      image: container.image ?? '',
      pulled: container.imagePullPolicy !== 'Never',
      set(image) {
        container.image = image
      },
    })
  for (const { name, image } of spec.volumes ?? [])
    if (image?.reference !== undefined)
      uses.push({
        name: `volume ${name}`,
        image: image.reference,
        pulled: image.pullPolicy !== 'Never',
        set(reference) {
          image.reference = reference
        },
      })
  return uses.filter(({ image }) => image !== '')
}

/** Nothing outside of the node has it. */
export const isLocal = ({ image, pulled }: ImageUse): boolean => !pulled || image.startsWith('bulkhead.local/')

export const hasDigest = (image: string): boolean => parseImageReference(image)?.digest !== undefined

/** With the tag that it has: the digest counts, and the tag tells people which version it was. */
export const pinned = (image: string, digest: string): string => `${image}@${digest}`

/** Whether `old` is this image after it was pinned: then it stays what it was. */
export const isPinnedFormOf = (image: string, old: string | undefined): boolean =>
  old?.startsWith(`${image}@`) === true && !hasDigest(image)

/** A controller made it from a template that was admitted before. */
export const isControlled = ({ ownerReferences = [] }: ObjectMeta): boolean => ownerReferences.some(({ controller }) => controller === true)
