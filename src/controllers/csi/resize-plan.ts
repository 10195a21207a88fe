// How a claim of a CSI driver grows: upstream's external-resizer. Pure.
import { compareQuantities, integerValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import type { CsiAbilities } from './csi-drivers.ts'

export type CsiResizeStep =
  | { readonly step: 'wait' }
  | { readonly step: 'refuse'; readonly message: string }
  /** The driver makes the volume larger. */
  | { readonly step: 'expand'; readonly bytes: number }
  /** Only the node has work: the object says the new size, which the node then makes true. */
  | { readonly step: 'hand-over'; readonly bytes: number }

const storageOf = (amounts: Readonly<Record<string, string>> | undefined): string => amounts?.['storage'] ?? '0'
const less = (a: string, b: string): boolean => compareQuantities(parseQuantity(a), parseQuantity(b)) < 0

/** `abilities` undefined: the driver was not asked, because nothing is to be done. */
export function planCsiResize(claim: PersistentVolumeClaim, volume: PersistentVolume, abilities: CsiAbilities | undefined): CsiResizeStep {
  if (!wantsMore(claim, volume) || abilities === undefined) return { step: 'wait' }
  const size = storageOf(claim.spec.resources?.requests)
  const bytes = Number(integerValue(parseQuantity(size)))
  // The volume has it, and the node is at work.
  if (!less(storageOf(volume.spec.capacity), size) && isOnNode(claim)) return { step: 'wait' }
  if (abilities.controller.has('EXPAND_VOLUME')) return { step: 'expand', bytes }
  if (abilities.expandsOnNode) return { step: 'hand-over', bytes }
  return { step: 'refuse', message: `driver "${volume.spec.csi?.driver}" cannot expand volumes` }
}

export function wantsMore(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const isBound = claim.status?.phase === 'Bound' && volume.spec.claimRef?.uid === claim.metadata.uid
  return (
    isBound &&
    claim.metadata.deletionTimestamp === undefined &&
    less(storageOf(claim.status?.capacity), storageOf(claim.spec.resources?.requests))
  )
}

const nodePending = 'NodeResizePending'
const nodeRunning = 'NodeResizeInProgress'

const isOnNode = ({ status }: PersistentVolumeClaim): boolean => {
  const state = status?.allocatedResourceStatuses?.['storage'] ?? ''
  return state === nodePending || state === nodeRunning || (status?.conditions ?? []).some(({ type }) => type === 'FileSystemResizePending')
}

const others = ({ status }: PersistentVolumeClaim) =>
  (status?.conditions ?? []).filter(({ type }) => type !== 'Resizing' && type !== 'FileSystemResizePending')

/** While the driver is at work. `now` as RFC 3339. */
export const resizing = (claim: PersistentVolumeClaim, size: string, now: string): PersistentVolumeClaimStatus => ({
  ...claim.status,
  allocatedResources: { ...claim.status?.allocatedResources, storage: size },
  allocatedResourceStatuses: { ...claim.status?.allocatedResourceStatuses, storage: 'ControllerResizeInProgress' },
  conditions: [...others(claim), { type: 'Resizing', status: 'True', lastProbeTime: null, lastTransitionTime: now }],
})

/** The driver is done: the node has work left, or nothing is left. */
export function resized(claim: PersistentVolumeClaim, size: string, needsNode: boolean, now: string): PersistentVolumeClaimStatus {
  const message = 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.'
  const { storage: _, ...states } = claim.status?.allocatedResourceStatuses ?? {}
  if (needsNode)
    return {
      ...claim.status,
      allocatedResources: { ...claim.status?.allocatedResources, storage: size },
      allocatedResourceStatuses: { ...states, storage: nodePending },
      conditions: [
        ...others(claim),
        { type: 'FileSystemResizePending', status: 'True', lastProbeTime: null, lastTransitionTime: now, message },
      ],
    }
  const { allocatedResourceStatuses: __, ...rest } = claim.status ?? {}
  return {
    ...rest,
    ...(Object.keys(states).length === 0 ? {} : { allocatedResourceStatuses: states }),
    capacity: { ...claim.status?.capacity, storage: size },
    allocatedResources: { ...claim.status?.allocatedResources, storage: size },
    conditions: others(claim),
  }
}

/** The driver says that it never will. */
export const infeasible = (claim: PersistentVolumeClaim): PersistentVolumeClaimStatus => ({
  ...claim.status,
  allocatedResourceStatuses: { ...claim.status?.allocatedResourceStatuses, storage: 'ControllerResizeInfeasible' },
  conditions: others(claim),
})
