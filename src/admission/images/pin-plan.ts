// Which images of a request are resolved, and how much depends on it. Pure.

import { hasDigest, type ImageUse, isLocal, isPinnedFormOf } from './image-use.ts'
import type { AnyPolicy } from './known-policies.ts'

export interface PinRules {
  readonly isPod: boolean
  /** Made by a controller from a template. */
  readonly controlled: boolean
  /** Its node runs it already. */
  readonly mirror: boolean
  /** The namespace asks for digests in templates too. */
  readonly labelled: boolean
  readonly profile: 'secure' | 'upstream'
}

export interface PlannedImage {
  readonly use: ImageUse
  readonly policies: readonly AnyPolicy[]
  /** `required`: a policy is for it. `wanted`: pinned if the registry answers. `none`: left as it is. */
  readonly pin: 'required' | 'wanted' | 'none'
}

/** The namespace's label that asks for digests in templates of workloads too. */
export const pinLabel = 'supply.bulkhead.dev/pin-images'

/**
 * `before` has the images of the object so far, by their names. An image that does not change is not planned; one whose pinned form is there
 * already keeps it, so that applying the same manifest again changes nothing.
 */
export function planPins(
  uses: readonly ImageUse[],
  before: ReadonlyMap<string, string>,
  rules: PinRules,
  policiesFor: (image: string) => readonly AnyPolicy[],
): { readonly planned: readonly PlannedImage[]; readonly kept: readonly { readonly use: ImageUse; readonly image: string }[] } {
  const planned: PlannedImage[] = []
  const kept: { readonly use: ImageUse; readonly image: string }[] = []
  for (const use of uses) {
    const old = before.get(use.name)
    if (old === use.image) continue
    if (old !== undefined && isPinnedFormOf(use.image, old)) {
      kept.push({ use, image: old })
      continue
    }
    const policies = policiesFor(use.image)
    planned.push({ use, policies, pin: pinOf(use, policies, rules) })
  }
  return { planned, kept }
}

function pinOf(
  use: ImageUse,
  policies: readonly AnyPolicy[],
  { isPod, controlled, mirror, labelled, profile }: PinRules,
): PlannedImage['pin'] {
  if (hasDigest(use.image)) return 'none'
  // A template that a controller copied must stay equal to the one that it was copied from.
  if (!isPod && controlled) return 'none'
  if (policies.length > 0) return 'required'
  if (mirror || isLocal(use)) return 'none'
  if (labelled) return 'wanted'
  // People's templates stay as they wrote them, so that "kubectl diff" and GitOps tools see no difference.
  return isPod && profile === 'secure' ? 'wanted' : 'none'
}
