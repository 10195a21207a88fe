import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { contentProtection, snapshotBeingCreated, snapshotBeingDeleted } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshotContent } from '../../api/volumes/snapshot-objects.ts'
import { contentMark, planCsiContent } from './snapshot-content-plan.ts'

const contentOf = (
  spec: Partial<VolumeSnapshotContent['spec']> = {},
  metadata: VolumeSnapshotContent['metadata'] = {},
  status?: VolumeSnapshotContent['status'],
): VolumeSnapshotContent => ({
  metadata: { name: 'c', finalizers: [contentProtection], ...metadata },
  spec: {
    deletionPolicy: 'Delete',
    driver: 'd',
    source: { volumeHandle: 'h' },
    volumeSnapshotRef: { namespace: 'ns', name: 's', uid: 'u' },
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
})
const deletionTimestamp = '2026-12-01T00:00:00Z'
const released = { [snapshotBeingDeleted]: 'yes' }
const created = { [snapshotBeingCreated]: 'yes' }

const rows: readonly [string, VolumeSnapshotContent, string][] = [
  ['of the class local', contentOf({ driver: localDriver }), 'wait'],
  ['without protection', contentOf({}, { finalizers: [] }), 'protect'],
  ['that no call was made for', contentOf(), 'mark'],
  ['that was marked', contentMark(contentOf()), 'create'],
  ['that is bound to nothing', contentOf({ volumeSnapshotRef: { namespace: 'ns', name: 's' } }), 'wait'],
  ['that is ready', contentOf({}, {}, { readyToUse: true, snapshotHandle: 'x' }), 'wait'],
  ['of a snapshot that exists', contentOf({ source: { snapshotHandle: 'x' } }), 'adopt'],
  ['that ends while its snapshot exists', contentOf({}, { deletionTimestamp }, { snapshotHandle: 'x' }), 'wait'],
  ['that ends', contentOf({}, { deletionTimestamp, annotations: released }, { snapshotHandle: 'x' }), 'delete'],
  ['that ends before its first answer', contentOf({}, { deletionTimestamp, annotations: { ...released, ...created } }), 'delete'],
  ['that ends before its first call', contentOf({}, { deletionTimestamp, annotations: released }), 'release'],
  ['that ends, and is retained', contentOf({ deletionPolicy: 'Retain' }, { deletionTimestamp, annotations: released }), 'release'],
  ['that has ended', contentOf({}, { deletionTimestamp, finalizers: [] }), 'wait'],
]
for (const [name, content, want] of rows) test(`planCsiContent() of a content ${name}`, () => assert.equal(planCsiContent(content), want))
