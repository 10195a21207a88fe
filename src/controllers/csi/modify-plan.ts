// Which attributes a claim's volume gets next: upstream's modify controller of external-resizer. Pure.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import type { VolumeAttributesClass } from '../../api/types/storage-v1beta1.ts'

export type ModifyStep =
  | { readonly step: 'wait' }
  /** The claim's status says what is missing. */
  | { readonly step: 'pending'; readonly message: string; readonly status: PersistentVolumeClaimStatus }
  | { readonly step: 'modify'; readonly parameters: Readonly<Record<string, string>>; readonly status: PersistentVolumeClaimStatus }
  /** The volume has them since it was made. */
  | { readonly step: 'adopt'; readonly status: PersistentVolumeClaimStatus }

export function wantedClass(claim: PersistentVolumeClaim): string | undefined {
  const wanted = claim.spec.volumeAttributesClassName ?? ''
  const isCurrent = wanted === '' || (claim.status?.currentVolumeAttributesClassName === wanted && claim.status.modifyVolumeStatus == null)
  return isCurrent || claim.status?.phase !== 'Bound' || claim.metadata.deletionTimestamp !== undefined ? undefined : wanted
}

export function planModify(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  attributesClass: VolumeAttributesClass | undefined,
  canModify: boolean,
): ModifyStep {
  const wanted = wantedClass(claim)
  if (wanted === undefined || volume.spec.claimRef?.uid !== claim.metadata.uid) return { step: 'wait' }
  if (volume.spec.volumeAttributesClassName === wanted) return { step: 'adopt', status: modified(claim, wanted) }
  const pending = (message: string): ModifyStep => ({ step: 'pending', message, status: modifying(claim, wanted, 'Pending') })
  const driver = volume.spec.csi?.driver ?? ''
  if (attributesClass === undefined) return pending(`VAC ${wanted} does not exist`)
  if (attributesClass.driverName !== driver)
    return pending(`VolumeAttributesClass "${wanted}" is of driver "${attributesClass.driverName}", and the volume of "${driver}"`)
  if (!canModify) return pending(`driver "${driver}" does not support a VolumeAttributesClass`)
  return { step: 'modify', parameters: attributesClass.parameters ?? {}, status: modifying(claim, wanted, 'InProgress') }
}

export type ModifyState = 'Pending' | 'InProgress' | 'Infeasible'

export const modifying = ({ status }: PersistentVolumeClaim, target: string, state: ModifyState): PersistentVolumeClaimStatus => ({
  ...status,
  modifyVolumeStatus: { targetVolumeAttributesClassName: target, status: state },
})

export function modified({ status }: PersistentVolumeClaim, name: string): PersistentVolumeClaimStatus {
  const { modifyVolumeStatus: _, ...rest } = status ?? {}
  return { ...rest, currentVolumeAttributesClassName: name }
}
