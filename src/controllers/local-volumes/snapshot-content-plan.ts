// The next step for the content of a snapshot of a volume on a node's disk: a LocalVolume that the node copies from another. Pure.
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import type { ResourceQuota } from '../../api/types/core-v1.ts'
import { keyFinalizer, localDriver, nodeFinalizer, retainedAnnotation, snapshotAnnotation } from '../../api/volumes/local-volume-names.ts'
import { contentProtection, snapshotBeingDeleted } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshotContent, VolumeSnapshotContentStatus } from '../../api/volumes/snapshot-objects.ts'
import { splitKey } from '../../client/cache/object-key.ts'
import { hasFinalizer } from '../finalizer.ts'
import { whyAboveQuota } from './storage-quota.ts'

export interface ContentView {
  readonly content: VolumeSnapshotContent
  /** The volume that it is taken of. */
  readonly source: LocalVolume | undefined
  /** Of the name that `localSnapshotName()` gives. */
  readonly localVolume: LocalVolume | undefined
  readonly hasNode: boolean
  /** Of the namespace of the snapshot. */
  readonly quotas: readonly ResourceQuota[]
  /** Bytes of the claims and the other snapshots of that namespace. A quota's own status says late what claims use. Only a new snapshot counts them. */
  readonly otherBytes: () => number
}

export type ContentStep =
  | { readonly step: 'wait' }
  | { readonly step: 'protect' }
  | { readonly step: 'make'; readonly localVolume: LocalVolume }
  | { readonly step: 'status'; readonly status: VolumeSnapshotContentStatus }
  | { readonly step: 'failed'; readonly message: string }
  /** Key and content go, then the content's finalizer. */
  | { readonly step: 'erase' }
  /** The LocalVolume stays for an administrator, and the finalizer goes. */
  | { readonly step: 'retain' }
  /** Nothing of it exists, or what it names is no snapshot. */
  | { readonly step: 'release' }

const wait: ContentStep = { step: 'wait' }
const failed = (message: string): ContentStep => ({ step: 'failed', message })

export const isOfLocalDriver = ({ spec }: VolumeSnapshotContent): boolean => spec.driver === localDriver

/** Undefined for a content that is bound to no snapshot yet, and names none that exists. */
export function localSnapshotName({ spec }: VolumeSnapshotContent): string | undefined {
  if (spec.source.snapshotHandle !== undefined) return spec.source.snapshotHandle
  const { uid = '' } = spec.volumeSnapshotRef
  return uid === '' ? undefined : `snap-${uid}`
}

export function planContent(view: ContentView): ContentStep {
  const { content, source, localVolume, hasNode } = view
  const { metadata, spec, status } = content
  if (!isOfLocalDriver(content)) return wait
  if (metadata.deletionTimestamp !== undefined) return planEnd(content, localVolume)
  if (!hasFinalizer(content, contentProtection)) return { step: 'protect' }
  if (status?.readyToUse === true) return wait
  if (localVolume !== undefined) return planReport(content, localVolume)
  if (spec.source.snapshotHandle !== undefined) return failed(`there is no LocalVolume "${spec.source.snapshotHandle}"`)
  if (localSnapshotName(content) === undefined) return wait
  const handle = spec.source.volumeHandle ?? ''
  if (source === undefined || source.metadata.deletionTimestamp !== undefined) return failed(`volume "${handle}" is not there any more`)
  if (source.status?.phase !== 'Ready') return failed(`volume "${handle}" is not ready`)
  if (!hasNode) return failed(`node "${source.spec.nodeName}", which has the volume, is gone`)
  const exceeded = whyAboveQuota(view.quotas, bytesOf(source), view.otherBytes, 'snapshot')
  return exceeded === undefined ? { step: 'make', localVolume: newSnapshot(content, source) } : failed(exceeded)
}

/** While a volume is to grow, the copy may be as large as before or after. */
const bytesOf = ({ spec, status }: LocalVolume): number => Math.max(spec.bytes, status?.bytes ?? 0)

function newSnapshot(content: VolumeSnapshotContent, source: LocalVolume): LocalVolume {
  const { namespace = '', name = '' } = content.spec.volumeSnapshotRef
  return {
    metadata: {
      name: localSnapshotName(content) ?? '',
      annotations: { [snapshotAnnotation]: `${namespace}/${name}` },
      finalizers: [keyFinalizer, nodeFinalizer],
    },
    spec: {
      nodeName: source.spec.nodeName,
      bytes: bytesOf(source),
      encryption: source.spec.encryption,
      source: source.metadata.name ?? '',
      ...(source.spec.volumeMode === undefined ? {} : { volumeMode: source.spec.volumeMode }),
    },
  }
}

function planReport({ spec }: VolumeSnapshotContent, localVolume: LocalVolume): ContentStep {
  const { metadata, status } = localVolume
  const of = metadata.annotations?.[snapshotAnnotation]
  // A content that was made by hand: a volume in use is no snapshot.
  if (of === undefined) return failed(`LocalVolume "${metadata.name}" is not a snapshot`)
  const { namespace, name } = spec.volumeSnapshotRef
  const isMade = spec.source.snapshotHandle === undefined
  if (isMade && of !== `${namespace}/${name}`) return failed(`LocalVolume "${metadata.name}" is a snapshot of another name`)
  if (metadata.deletionTimestamp !== undefined) return failed(`LocalVolume "${metadata.name}" is being deleted`)
  if (status?.phase === 'Failed') return failed(status.message ?? '')
  if (status?.phase !== 'Ready') return wait
  return {
    step: 'status',
    status: {
      snapshotHandle: metadata.name ?? '',
      restoreSize: status.bytes ?? localVolume.spec.bytes,
      readyToUse: true,
    },
  }
}

function planEnd(content: VolumeSnapshotContent, localVolume: LocalVolume | undefined): ContentStep {
  const { metadata, spec } = content
  if (!hasFinalizer(content, contentProtection)) return wait
  if (spec.deletionPolicy !== 'Delete') return { step: 'retain' }
  // Deleted by hand while its snapshot exists: somebody may restore from it.
  const isBound = (spec.volumeSnapshotRef.uid ?? '') !== ''
  if (isBound && metadata.annotations?.[snapshotBeingDeleted] === undefined) return wait
  // A content that was made by hand may name anything: a volume in use must not lose its key. A name of ours may have a key and no volume yet.
  const isMade = spec.source.snapshotHandle === undefined && isBound
  const isSnapshot = localVolume?.metadata.annotations?.[snapshotAnnotation] !== undefined
  return isSnapshot || (isMade && localVolume === undefined) ? { step: 'erase' } : { step: 'release' }
}

/** Whether the snapshot is one of this namespace. */
export const isSnapshotIn = ({ metadata }: LocalVolume, namespace: string): boolean =>
  splitKey(metadata.annotations?.[snapshotAnnotation] ?? '').namespace === namespace &&
  metadata.annotations?.[snapshotAnnotation] !== undefined

export const retained = (localVolume: LocalVolume): LocalVolume => ({
  ...localVolume,
  metadata: { ...localVolume.metadata, annotations: { ...localVolume.metadata.annotations, [retainedAnnotation]: 'true' } },
})
