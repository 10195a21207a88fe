// Whether a container may start with the image that the node has: the one that was admitted, and no policy refuses it now. Pure.
import { parseImageReference } from '../../api/image-reference.ts'
import { imagesVerifiedCondition } from '../../api/pods/admitted-images.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Image } from '../cri/messages.ts'

/** Kubelets' reason for an image whose signature does not hold. */
export const refusedReason = 'SignatureValidationFailed'

/** Why no container of the pod may start, restarts included; undefined if they may. The control plane writes the condition. */
export function refusalOfPod({ status }: Pick<Pod, 'status'>): string | undefined {
  const refused = (status?.conditions ?? []).find(condition => condition.type === imagesVerifiedCondition && condition.status === 'False')
  return refused && `The image is not verified any more: ${refused.message ?? refused.reason ?? ''}`
}

/**
 * Why this image is not the one of the reference; undefined if it is. The runtime unpacks what has the digest, but a name in its store could
 * lead to another image.
 */
export function refusalOfImage(reference: string, { repoDigests, id }: Pick<Image, 'repoDigests' | 'id'>): string | undefined {
  const digest = parseImageReference(reference)?.digest
  if (digest === undefined || id === digest || repoDigests.some(name => name.endsWith(`@${digest}`))) return undefined
  const found = repoDigests.length === 0 ? id : repoDigests.join(', ')
  return `Image "${reference}" was admitted, and the node has ${found} under its name`
}
