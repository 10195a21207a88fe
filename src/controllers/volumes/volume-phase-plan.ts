// The next step for a volume: upstream's persistentvolume-controller, syncVolume. Pure.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeStatus } from '../../api/types/core-v1.ts'
import { boundByController } from '../../client/cache/volume-match.ts'
import type { ClaimEvent } from './claim-binding-plan.ts'

/** Names the provisioner, which also deletes the volume. */
const provisionedBy = 'pv.kubernetes.io/provisioned-by'

export type VolumeStep =
  | { readonly step: 'phase'; readonly status: PersistentVolumeStatus; readonly event?: ClaimEvent }
  /** Without its claim, which is bound elsewhere. */
  | { readonly step: 'unbind'; readonly volume: PersistentVolume }
  /** The claim's own pass continues. */
  | { readonly step: 'nothing' }

const nothing: VolumeStep = { step: 'nothing' }

/** `claim` is the one of the reference's name, undefined if there is none. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumeStep {
  const { claimRef } = volume.spec
  if (claimRef == null || claimRef.uid === undefined || claimRef.uid === '') return phase(volume, 'Available')
  if (claim === undefined || claim.metadata.uid !== claimRef.uid) return planReleased(volume)
  const { volumeName = '' } = claim.spec
  if (volumeName === volume.metadata.name) return phase(volume, 'Bound')
  if (volumeName === '') return nothing
  // The claim got another volume.
  if (volume.metadata.annotations?.[provisionedBy] !== undefined && volume.spec.persistentVolumeReclaimPolicy === 'Delete') {
    return planReleased(volume)
  }
  return { step: 'unbind', volume: unbound(volume) }
}

function phase(volume: PersistentVolume, name: 'Available' | 'Bound'): VolumeStep {
  return volume.status?.phase === name ? nothing : { step: 'phase', status: { ...without(volume.status), phase: name } }
}

/** The reason of another phase no longer applies. */
function without(status: PersistentVolumeStatus | undefined): PersistentVolumeStatus {
  const { message: _, reason: __, ...rest } = status ?? {}
  return rest
}

/** Nothing here deletes or empties volumes: provisioners delete those that they created, and others stay Released. */
function planReleased(volume: PersistentVolume): VolumeStep {
  const { persistentVolumeReclaimPolicy: policy = 'Retain' } = volume.spec
  const current = volume.status?.phase
  if (current !== 'Released' && current !== 'Failed') return { step: 'phase', status: { ...without(volume.status), phase: 'Released' } }
  if (current === 'Failed' || policy === 'Retain') return nothing
  if (policy === 'Delete' && volume.metadata.annotations?.[provisionedBy] !== undefined) return nothing
  const name = volume.metadata.name ?? ''
  const [reason, message] =
    policy === 'Delete'
      ? ['VolumeFailedDelete', `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`]
      : ['VolumeFailedRecycle', 'No recycler plugin found for the volume!']
  return { step: 'phase', status: { ...volume.status, phase: 'Failed', message }, event: { type: 'Warning', reason, message } }
}

/** A reference that a user wrote stays, except for the uid of a claim that got another volume. */
function unbound(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec
  if (volume.metadata.annotations?.[boundByController] === undefined) {
    const { uid: _, resourceVersion: __, ...reference } = claimRef ?? {}
    return { ...volume, spec: { ...spec, claimRef: reference } }
  }
  const { [boundByController]: _, ...annotations } = volume.metadata.annotations
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec }
}
