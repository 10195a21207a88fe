// What the status of a pod says of its images, from the verdicts on them. Pure.
import { admittedImages, imagesVerifiedCondition } from '../api/pods/admitted-images.ts'
import { podImagesOf } from '../api/resources/supply/pod-images.ts'
import type { Pod, PodCondition } from '../api/types/core-v1.ts'
import type { Image, ImageVerdict } from '../api/types/supply-v1.ts'

const maxMessage = 1024

/** The digests of the pod's images. */
export const digestsOfPod = (pod: Pod): string[] => [...new Set(podImagesOf(pod).spec.images.flatMap(({ digest }) => digest ?? []))]

/**
 * Undefined if the pod says so already. `imageOf` returns the Image of a digest. A pod for whose images no policy is gets no condition, and
 * keeps one that it has only as `Unknown`.
 */
export function planCondition(pod: Pod, imageOf: (digest: string) => Image | undefined, time: string): PodCondition | undefined {
  const admitted = admittedImages(pod.metadata)
  const refused: string[] = []
  const verified: string[] = []
  for (const { container, image, digest } of podImagesOf(pod).spec.images) {
    const verdict = digest === undefined ? undefined : verdictOf(imageOf(digest), pod.metadata.namespace)
    if (verdict?.verdict === 'Refused') refused.push(`${container}: ${image}: ${verdict.message ?? 'a policy refuses it'}`)
    else if (verdict?.verdict === 'Verified') verified.push(`${container}: ${(verdict.identities ?? []).join(', ')}, ${verdict.time ?? ''}`)
    // Until the first verdict is written, what admission found counts.
    else if (verdict === undefined) {
      const { by, time: when } = admitted.get(container) ?? {}
      if (by !== undefined) verified.push(`${container}: ${by.join(', ')}, ${when ?? ''}`)
    }
  }
  const current = (pod.status?.conditions ?? []).find(({ type }) => type === imagesVerifiedCondition)
  if (current === undefined && refused.length + verified.length === 0) return undefined
  const [status, reason, lines] =
    refused.length > 0
      ? ['False', 'Refused', refused]
      : verified.length > 0
        ? ['True', 'Verified', verified]
        : ['Unknown', 'Unverified', []]
  const message = lines.join('; ').slice(0, maxMessage)
  if (current?.status === status && current.reason === reason && (current.message ?? '') === message) return undefined
  const lastTransitionTime = current?.status === status ? (current.lastTransitionTime ?? time) : time
  return { type: imagesVerifiedCondition, status, reason, message, lastTransitionTime }
}

const verdictOf = (image: Image | undefined, namespace: string | undefined): ImageVerdict | undefined =>
  (image?.status?.verdicts ?? []).find(verdict => verdict.namespace === namespace)
