// How a claim on a node's disk grows: the LocalVolume first, when the node has carried it out the PersistentVolume, then the claim. Pure.
import { compareQuantities, parseQuantity } from '../../api/quantity/quantity.ts'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { requestedBytes } from './provision-plan.ts'

export type ResizeStep =
  | { readonly step: 'wait' }
  | { readonly step: 'grow'; readonly bytes: number }
  | { readonly step: 'failed'; readonly message: string }
  | { readonly step: 'volume'; readonly size: string }
  | { readonly step: 'claim'; readonly size: string }

export interface ResizeView {
  readonly claim: PersistentVolumeClaim
  readonly volume: PersistentVolume
  readonly localVolume: LocalVolume
  /** Why the namespace's quotas leave no room for the claim's new size, beside its other claims and its snapshots. */
  whyAboveQuota(): string | undefined
}

export function planResize({ claim, volume, localVolume, whyAboveQuota }: ResizeView): ResizeStep {
  if (claim.status?.phase !== 'Bound' || localVolume.metadata.deletionTimestamp !== undefined) return { step: 'wait' }
  const size = claim.spec.resources?.requests?.['storage'] ?? '0'
  if (compareQuantities(parseQuantity(size), parseQuantity(claim.status.capacity?.['storage'] ?? '0')) <= 0) return { step: 'wait' }
  const bytes = requestedBytes(claim)
  const { status, spec } = localVolume
  if (spec.bytes < bytes) {
    const exceeded = whyAboveQuota()
    return exceeded === undefined ? { step: 'grow', bytes } : { step: 'failed', message: exceeded }
  }
  if ((status?.bytes ?? 0) < bytes)
    return status?.message === undefined || status.message === '' ? { step: 'wait' } : { step: 'failed', message: status.message }
  const isWritten = compareQuantities(parseQuantity(volume.spec.capacity?.['storage'] ?? '0'), parseQuantity(size)) >= 0
  return isWritten ? { step: 'claim', size } : { step: 'volume', size }
}
