// The next step for a VolumeSnapshot: upstream's snapshot-controller. It makes a content for each request, or binds one that exists, and never
// talks to a storage. Pure; events are worded as upstream's.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import {
  boundProtection,
  claimSourceProtection,
  contentProtection,
  defaultSnapshotClassAnnotation,
  snapshotBeingDeleted,
  snapshotGroup,
  sourceProtection,
} from '../../api/volumes/snapshot-names.ts'
import type {
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
  VolumeSnapshotStatus,
} from '../../api/volumes/snapshot-objects.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { hasFinalizer } from '../finalizer.ts'
import { deletionSecretAnnotations } from './snapshot-secrets.ts'

export interface SnapshotView {
  readonly snapshot: VolumeSnapshot
  /** Of the name that `contentName()` gives. */
  readonly content: VolumeSnapshotContent | undefined
  /** The claim that it is to be taken of, and the claim's volume. */
  readonly claim: PersistentVolumeClaim | undefined
  readonly volume: PersistentVolume | undefined
  readonly classes: readonly VolumeSnapshotClass[]
  /** A claim without a volume names it as its source. */
  readonly isBeingRestored: boolean
  /** Another snapshot of the same claim is being taken. */
  readonly isClaimNeeded: boolean
  /** RFC 3339. */
  readonly now: string
}

export type SnapshotStep =
  | { readonly step: 'wait' }
  /** Finalizers of the snapshot; a class that it did not name. */
  | { readonly step: 'write'; readonly finalizers: string[]; readonly className?: string }
  | { readonly step: 'protect-claim' }
  | { readonly step: 'release-claim' }
  | { readonly step: 'create-content'; readonly content: VolumeSnapshotContent }
  /** A content that was made by hand is for this snapshot and no other of its name. */
  | { readonly step: 'bind-content'; readonly content: VolumeSnapshotContent }
  | { readonly step: 'status'; readonly status: VolumeSnapshotStatus }
  | { readonly step: 'failed'; readonly reason: string; readonly message: string }
  | { readonly step: 'mark-content'; readonly content: VolumeSnapshotContent }
  | { readonly step: 'delete-content'; readonly content: VolumeSnapshotContent }

const wait: SnapshotStep = { step: 'wait' }
const failed = (reason: string, message: string): SnapshotStep => ({ step: 'failed', reason, message })

export const contentName = ({ metadata, spec }: VolumeSnapshot): string =>
  spec.source.volumeSnapshotContentName ?? `snapcontent-${metadata.uid}`

/** Whether the content is this snapshot's: it names it, and no other one of its name. */
export function isContentOf({ spec }: VolumeSnapshotContent, { metadata }: VolumeSnapshot): boolean {
  const { name, namespace, uid = '' } = spec.volumeSnapshotRef
  return name === metadata.name && namespace === metadata.namespace && (uid === '' || uid === metadata.uid)
}

/** Both name each other, and volumes can be restored. Whoever restores must check this: a user may write any name. */
export function restorableContent(snapshot: VolumeSnapshot, content: VolumeSnapshotContent | undefined): VolumeSnapshotContent | undefined {
  if (content === undefined || snapshot.status?.boundVolumeSnapshotContentName !== content.metadata.name) return undefined
  const isBound = isContentOf(content, snapshot) && content.spec.volumeSnapshotRef.uid === snapshot.metadata.uid
  const isReady = snapshot.status?.readyToUse === true && content.status?.readyToUse === true
  return isBound && isReady && content.metadata.deletionTimestamp === undefined ? content : undefined
}

const isReady = ({ status }: VolumeSnapshot): boolean => status?.readyToUse === true

export function planSnapshot(view: SnapshotView): SnapshotStep {
  const { snapshot, claim, isClaimNeeded } = view
  if (snapshot.metadata.deletionTimestamp !== undefined) return planDeletion(view)
  const missing = [boundProtection, sourceProtection].filter(name => !hasFinalizer(snapshot, name))
  if (missing.length > 0) return { step: 'write', finalizers: [...(snapshot.metadata.finalizers ?? []), ...missing] }
  const step = planBinding(view)
  if (step.step !== 'wait' || !isReady(snapshot)) return step
  const isHeld = claim !== undefined && hasFinalizer(claim, claimSourceProtection) && !isClaimNeeded
  return isHeld ? { step: 'release-claim' } : wait
}

function planBinding(view: SnapshotView): SnapshotStep {
  const { snapshot, content } = view
  if (content === undefined) {
    // Data that was there is gone: a new snapshot under the same name would be another one.
    const isExpected =
      snapshot.status?.boundVolumeSnapshotContentName !== undefined || snapshot.spec.source.volumeSnapshotContentName !== undefined
    if (isExpected) return failed('SnapshotContentMissing', 'VolumeSnapshotContent is missing')
    return planCreation(view)
  }
  if (!isContentOf(content, snapshot))
    return failed('SnapshotContentMisbound', `VolumeSnapshotContent [${content.metadata.name}] is bound to a different snapshot`)
  const isStatic = snapshot.spec.source.volumeSnapshotContentName !== undefined
  if (isStatic && content.spec.source.snapshotHandle === undefined)
    return failed('SnapshotContentMismatch', 'VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one')
  if ((content.spec.volumeSnapshotRef.uid ?? '') === '') return { step: 'bind-content', content: boundContent(content, snapshot) }
  const status = statusOf(snapshot, content, view.now)
  return isSameStatus(status, snapshot.status) ? wait : { step: 'status', status }
}

function planCreation({ snapshot, claim, volume, classes }: SnapshotView): SnapshotStep {
  const source = snapshot.spec.source.persistentVolumeClaimName ?? ''
  const create = 'SnapshotContentCreationFailed'
  const because = (why: string) => failed(create, `Failed to create snapshot content with error ${why}`)
  if (claim === undefined) return because(`persistentvolumeclaim "${source}" not found`)
  if (claim.metadata.deletionTimestamp !== undefined && !hasFinalizer(claim, claimSourceProtection))
    return because(`persistentvolumeclaim "${source}" is being deleted`)
  if (claim.status?.phase !== 'Bound' || volume === undefined)
    return because(`the PVC ${source} is not yet bound to a PV, will not attempt to take a snapshot`)
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) return because(`claim in dataSource not bound or invalid`)
  const driver = volume.spec.csi?.driver
  if (driver === undefined) return because(`unsupported volume plugin of volume ${volume.metadata.name}: only CSI drivers take snapshots`)
  const chosen = chooseClass(snapshot, driver, classes)
  if (typeof chosen === 'string') return failed('GetSnapshotClassFailed', `Failed to get snapshot class with error ${chosen}`)
  if (snapshot.spec.volumeSnapshotClassName === undefined)
    return { step: 'write', finalizers: snapshot.metadata.finalizers ?? [], className: chosen.metadata.name ?? '' }
  if (!hasFinalizer(claim, claimSourceProtection)) return { step: 'protect-claim' }
  const annotations = deletionSecretAnnotations(chosen, snapshot)
  if (typeof annotations === 'string') return because(annotations)
  return { step: 'create-content', content: newContent(snapshot, volume, chosen, annotations) }
}

/** A text says why there is none. */
function chooseClass({ spec }: VolumeSnapshot, driver: string, classes: readonly VolumeSnapshotClass[]): VolumeSnapshotClass | string {
  if (spec.volumeSnapshotClassName !== undefined) {
    const named = classes.find(({ metadata }) => metadata.name === spec.volumeSnapshotClassName)
    if (named === undefined) return `volumesnapshotclass.${snapshotGroup} "${spec.volumeSnapshotClassName}" not found`
    return named.driver === driver
      ? named
      : `the driver of the volume is "${driver}", and that of VolumeSnapshotClass "${named.metadata.name}" is "${named.driver}"`
  }
  const found = classes.filter(each => each.driver === driver && each.metadata.annotations?.[defaultSnapshotClassAnnotation] === 'true')
  const [first] = found
  if (first === undefined) return `cannot find default snapshot class for driver "${driver}"`
  return found.length === 1 ? first : `${found.length} default snapshot classes were found for driver "${driver}"`
}

function newContent(
  snapshot: VolumeSnapshot,
  volume: PersistentVolume,
  snapshotClass: VolumeSnapshotClass,
  annotations: Record<string, string>,
): VolumeSnapshotContent {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = snapshot.metadata
  const apiVersion = `${snapshotGroup}/v1`
  return {
    apiVersion,
    kind: 'VolumeSnapshotContent',
    metadata: {
      name: contentName(snapshot),
      finalizers: [contentProtection],
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      deletionPolicy: snapshotClass.deletionPolicy,
      driver: snapshotClass.driver,
      source: { volumeHandle: volume.spec.csi?.volumeHandle ?? '' },
      sourceVolumeMode: volume.spec.volumeMode ?? 'Filesystem',
      volumeSnapshotClassName: snapshotClass.metadata.name ?? '',
      volumeSnapshotRef: { apiVersion, kind: 'VolumeSnapshot', name, namespace, uid, resourceVersion },
    },
  }
}

function boundContent(content: VolumeSnapshotContent, { metadata, spec }: VolumeSnapshot): VolumeSnapshotContent {
  const volumeSnapshotRef = { ...content.spec.volumeSnapshotRef, uid: metadata.uid ?? '' }
  const className = spec.volumeSnapshotClassName ?? content.spec.volumeSnapshotClassName
  return {
    ...content,
    spec: { ...content.spec, volumeSnapshotRef, ...(className === undefined ? {} : { volumeSnapshotClassName: className }) },
  }
}

const millisecond = 1_000_000n

/** What the content's status means for the snapshot. A ready one without a time counts as taken when that is seen. */
function statusOf({ status: old }: VolumeSnapshot, { metadata, status = {} }: VolumeSnapshotContent, now: string): VolumeSnapshotStatus {
  const { creationTime, readyToUse, restoreSize, error } = status
  const seen = old?.creationTime ?? (readyToUse === true ? now : undefined)
  const time =
    creationTime === undefined ? seen : new Date(Number(BigInt(creationTime) / millisecond)).toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    boundVolumeSnapshotContentName: metadata.name ?? '',
    ...(time === undefined ? {} : { creationTime: time }),
    readyToUse: readyToUse ?? false,
    ...(restoreSize === undefined ? {} : { restoreSize: String(restoreSize) }),
    ...(error === undefined || readyToUse === true ? {} : { error }),
  }
}

function isSameStatus(a: VolumeSnapshotStatus, b: VolumeSnapshotStatus = {}): boolean {
  const { boundVolumeSnapshotContentName: name, creationTime: time, readyToUse, restoreSize, error } = a
  return (
    name === b.boundVolumeSnapshotContentName &&
    time === b.creationTime &&
    readyToUse === b.readyToUse &&
    restoreSize === b.restoreSize &&
    error?.message === b.error?.message
  )
}

/** The content goes first, with the snapshot in the storage if its policy says so. Then the snapshot may go. */
function planDeletion({ snapshot, content, claim, isBeingRestored, isClaimNeeded }: SnapshotView): SnapshotStep {
  const own = [boundProtection, sourceProtection]
  if (!own.some(name => hasFinalizer(snapshot, name))) return wait
  if (isBeingRestored) return wait
  const isBound = content !== undefined && isContentOf(content, snapshot) && content.spec.volumeSnapshotRef.uid === snapshot.metadata.uid
  if (isBound) {
    if (content.metadata.annotations?.[snapshotBeingDeleted] === undefined) {
      const annotations = { ...content.metadata.annotations, [snapshotBeingDeleted]: 'yes' }
      return { step: 'mark-content', content: { ...content, metadata: { ...content.metadata, annotations } } }
    }
    if (content.spec.deletionPolicy === 'Delete')
      return content.metadata.deletionTimestamp === undefined ? { step: 'delete-content', content } : wait
  }
  if (claim !== undefined && hasFinalizer(claim, claimSourceProtection) && !isClaimNeeded) return { step: 'release-claim' }
  return { step: 'write', finalizers: (snapshot.metadata.finalizers ?? []).filter(name => !own.includes(name)) }
}

/** A claim without a volume that is to be restored from a snapshot: the key of the snapshot. */
export function restoredFrom({ metadata, spec }: PersistentVolumeClaim): string | undefined {
  const { apiGroup, kind, name = '' } = spec.dataSource ?? spec.dataSourceRef ?? {}
  if (apiGroup !== snapshotGroup || kind !== 'VolumeSnapshot' || (spec.volumeName ?? '') !== '') return undefined
  return keyOf({ metadata: { namespace: metadata.namespace ?? '', name } })
}
