// The next step for the content of a snapshot of a CSI driver. Pure.
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { contentProtection, snapshotBeingCreated, snapshotBeingDeleted } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshotContent } from '../../api/volumes/snapshot-objects.ts'
import { hasFinalizer } from '../finalizer.ts'

/** `adopt`: a snapshot that exists. `mark`: before the first call. `release`: nothing is left to do in the storage. */
export type CsiContentStep = 'wait' | 'protect' | 'mark' | 'create' | 'adopt' | 'delete' | 'release'

export function planCsiContent(content: VolumeSnapshotContent): CsiContentStep {
  const { metadata, spec, status } = content
  if (spec.driver === localDriver) return 'wait'
  const isBound = (spec.volumeSnapshotRef.uid ?? '') !== ''
  if (metadata.deletionTimestamp !== undefined) {
    if (!hasFinalizer(content, contentProtection)) return 'wait'
    if (spec.deletionPolicy !== 'Delete') return 'release'
    // Deleted by hand while its snapshot exists: somebody may restore from it.
    if (isBound && metadata.annotations?.[snapshotBeingDeleted] === undefined) return 'wait'
    const mayExist = status?.snapshotHandle !== undefined || spec.source.snapshotHandle !== undefined || isMarked(content)
    return mayExist ? 'delete' : 'release'
  }
  if (!hasFinalizer(content, contentProtection)) return 'protect'
  if (status?.readyToUse === true) return 'wait'
  if (spec.source.snapshotHandle !== undefined) return 'adopt'
  if (!isBound) return 'wait'
  return isMarked(content) ? 'create' : 'mark'
}

const isMarked = ({ metadata }: VolumeSnapshotContent): boolean => metadata.annotations?.[snapshotBeingCreated] !== undefined

export const contentMark = (content: VolumeSnapshotContent): VolumeSnapshotContent => ({
  ...content,
  metadata: { ...content.metadata, annotations: { ...content.metadata.annotations, [snapshotBeingCreated]: 'yes' } },
})
