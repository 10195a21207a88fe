// The kinds of snapshots for clients. They are defined by CustomResourceDefinitions, which an administrator may remove: controllers that must
// run without them read them only when an object names one.
import { snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshot, VolumeSnapshotClass, VolumeSnapshotContent } from '../../api/volumes/snapshot-objects.ts'
import { resourceRef } from '../../client/resource-ref.ts'

export const volumeSnapshots = resourceRef<VolumeSnapshot>(snapshotGroup, 'v1', 'volumesnapshots', 'VolumeSnapshot')
export const volumeSnapshotContents = resourceRef<VolumeSnapshotContent>(
  snapshotGroup,
  'v1',
  'volumesnapshotcontents',
  'VolumeSnapshotContent',
  false,
)
export const volumeSnapshotClasses = resourceRef<VolumeSnapshotClass>(
  snapshotGroup,
  'v1',
  'volumesnapshotclasses',
  'VolumeSnapshotClass',
  false,
)
