// The right of a pod to an image of the cluster's own registry, before each start of a container.
import { type ImageReference, parseImageReference } from '../../api/image-reference.ts'
import type { Container, EphemeralContainer } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { RegistryAuth } from '../cri/messages.ts'
import type { PullRight } from './cluster-registry.ts'
import { ImageError, pullPolicyOf } from './image-puller.ts'

/** Pause before the right is asked for again. */
const refusedRetryMs = 5000

/**
 * The credential for the image; undefined for images of other registries, and for what is no image. Rejects with ImageError without the
 * right, also for an image that is on the node, and where nobody answers.
 */
export async function requirePullRight(
  container: Container | EphemeralContainer,
  pullRight: (reference: ImageReference) => Promise<PullRight | undefined>,
  signal: AbortSignal,
): Promise<RegistryAuth | undefined> {
  const reference = parseImageReference(container.image ?? '')
  if (!reference) return undefined
  let right: PullRight | undefined
  try {
    right = await pullRight(reference)
  } catch (cause) {
    signal.throwIfAborted()
    right = { allowed: false, reason: `cannot find out whether the pod may pull the image: ${String(cause)}` }
  }
  if (right?.allowed !== false) return right?.auth
  const reason = pullPolicyOf(container, reference) === 'Never' ? 'ErrImageNeverPull' : 'ErrImagePull'
  throw new ImageError(reason, `Failed to pull image ${writeJson(container.image ?? '')}: ${right.reason}`, refusedRetryMs)
}
