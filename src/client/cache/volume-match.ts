// Chooses the volume of a claim, for the binding controller and the scheduler (upstream's FindMatchingVolume).
import { compareQuantities, parseQuantity } from '../../api/quantity/quantity.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/types/core-v1.ts'
import { selects } from './label-selector.ts'
import { type SelectableNode, termSelects } from './node-selection.ts'

/** On a claim: it was bound once, so a missing volume is lost. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed'
/** On either: the controller made the binding and may undo it. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller'
/** On a claim that waits for its consumer: the node that the scheduler has chosen. */
export const selectedNode = 'volume.kubernetes.io/selected-node'
const oldClassAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** '' if the claim has no class. */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[oldClassAnnotation] ?? spec.storageClassName ?? ''
}

/** Whether it sets a class, even the empty one. */
export function namesClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[oldClassAnnotation] !== undefined || spec.storageClassName !== undefined
}

export function volumeClass({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.[oldClassAnnotation] ?? spec.storageClassName ?? ''
}

/** Whether the volume refers to this claim. A reference without a uid was set by a person beforehand. */
export function isVolumeOf({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef == null || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false
  return claimRef.uid === undefined || claimRef.uid === '' || claimRef.uid === metadata.uid
}

export function isOnNode({ spec }: PersistentVolume, node: SelectableNode): boolean {
  const required = spec.nodeAffinity?.required
  return required == null || required.nodeSelectorTerms.some(term => termSelects(term, node))
}

export interface VolumeSearch {
  /** Only volumes that this node can use. */
  readonly node?: SelectableNode
  /** Only a volume that was reserved for the claim beforehand: others wait for the consumer. */
  readonly onlyPrebound?: boolean
  /** Names of volumes that are reserved for others. */
  readonly taken?: ReadonlySet<string>
}

/** The volume that was provisioned for the claim, else the smallest that is large enough. */
export function matchingVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { node, onlyPrebound = false, taken }: VolumeSearch = {},
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp !== undefined || taken?.has(volume.metadata.name ?? '') === true) continue
    if (whyUnfit(volume, claim, false) !== undefined || (node !== undefined && !isOnNode(volume, node))) continue
    if (isVolumeOf(volume, claim)) return volume
    if (onlyPrebound || volume.status?.phase !== 'Available' || volume.spec.claimRef != null) continue
    if (!selectsVolume(claim, volume) || volumeClass(volume) !== claimClass(claim)) continue
    if (best === undefined || compareQuantities(capacityOf(volume), capacityOf(best)) < 0) best = volume
  }
  return best
}

/** Why a volume that the claim names does not match, in upstream's words; undefined if it does. */
export function whyUnfit(volume: PersistentVolume, claim: PersistentVolumeClaim, named = true): string | undefined {
  const wanted = parseQuantity(claim.spec.resources?.requests?.['storage'] ?? '0')
  if (compareQuantities(capacityOf(volume), wanted) < 0) return 'requested PV is too small'
  if (named && volumeClass(volume) !== claimClass(claim)) return 'storageClassName does not match'
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode'
  if ((volume.spec.volumeAttributesClassName ?? '') !== (claim.spec.volumeAttributesClassName ?? ''))
    return 'VolumeAttributesClassName does not match'
  const modes = volume.spec.accessModes ?? []
  return (claim.spec.accessModes ?? []).every(mode => modes.includes(mode)) ? undefined : 'incompatible accessMode'
}

function selectsVolume({ spec: { selector } }: PersistentVolumeClaim, { metadata }: PersistentVolume): boolean {
  return selector == null || selects(selector, metadata.labels)
}

const capacityOf = ({ spec }: PersistentVolume) => parseQuantity(spec.capacity?.['storage'] ?? '0')

/** The volume with a reference to the claim; the same object if it has it already. A reference set by a person stays theirs. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { claimRef } = volume.spec
  if (claimRef?.uid === claim.metadata.uid) return volume
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = claim.metadata
  const reference = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion }
  const annotations = { ...volume.metadata.annotations, ...(isVolumeOf(volume, claim) ? {} : { [boundByController]: 'yes' }) }
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef: reference } }
}

/** Why the claim of an ephemeral volume does not belong to the pod: data of others must not get into the pod. */
export function whyNotOwn(pod: Pod, { ephemeral }: Volume, { metadata }: PersistentVolumeClaim): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (ephemeral == null || owner?.uid === pod.metadata.uid) return undefined
  return `PVC "${metadata.namespace}/${metadata.name}" was not created for pod "${metadata.namespace}/${pod.metadata.name}" (pod is not owner)`
}
