// What happens to volumes on nodes' disks that nobody claims any more. Pure.
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import {
  claimUidAnnotation,
  keyFinalizer,
  localDriver,
  nodeFinalizer,
  retainedAnnotation,
  volumeFinalizer,
} from '../../api/volumes/local-volume-names.ts'
import { hasFinalizer } from '../finalizer.ts'

export type ReclaimStep = 'wait' | 'erase' | 'retain'

/** For a PersistentVolume: `erase` removes key, content and the volume itself; `retain` gives up the volume and keeps the content. */
export function planReclaim({ metadata, spec, status }: PersistentVolume): ReclaimStep {
  if (spec.csi?.driver !== localDriver || metadata.annotations?.['pv.kubernetes.io/provisioned-by'] !== localDriver) return 'wait'
  const ending = metadata.deletionTimestamp !== undefined
  const erases = spec.persistentVolumeReclaimPolicy === 'Delete'
  if (!ending) return erases && status?.phase === 'Released' ? 'erase' : 'wait'
  if (!hasFinalizer({ metadata }, volumeFinalizer) || status?.phase === 'Bound') return 'wait'
  return erases ? 'erase' : 'retain'
}

export interface LocalVolumeView {
  readonly localVolume: LocalVolume
  /** The PersistentVolume of its name. */
  readonly volume: PersistentVolume | undefined
  /** The claim that it was made for, if it exists. */
  readonly claim: PersistentVolumeClaim | undefined
  readonly hasNode: boolean
}

export type LocalVolumeStep =
  | { readonly step: 'wait' }
  /** Nobody can ever use it. */
  | { readonly step: 'delete' }
  /** The key goes first: from then on, what remains on any disk is unreadable. */
  | { readonly step: 'erase-key' }
  | { readonly step: 'release'; readonly finalizer: string }

export function planLocalVolume({ localVolume, volume, claim, hasNode }: LocalVolumeView): LocalVolumeStep {
  const { metadata, status } = localVolume
  if (metadata.deletionTimestamp === undefined) {
    const isKept = metadata.annotations?.[retainedAnnotation] !== undefined || volume !== undefined
    const claimUid = metadata.annotations?.[claimUidAnnotation]
    // One that an administrator made by hand names no claim.
    const isOrphan = claimUid !== undefined && claim?.metadata.uid !== claimUid
    return !isKept && isOrphan ? { step: 'delete' } : { step: 'wait' }
  }
  // Deleted by hand while a claim has it: pods may use it.
  if (volume?.status?.phase === 'Bound') return { step: 'wait' }
  if (hasFinalizer(localVolume, keyFinalizer)) return { step: 'erase-key' }
  if (!hasFinalizer(localVolume, nodeFinalizer)) return { step: 'wait' }
  return status?.phase === 'Removed' || !hasNode ? { step: 'release', finalizer: nodeFinalizer } : { step: 'wait' }
}
