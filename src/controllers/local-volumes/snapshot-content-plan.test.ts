import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import type { ResourceQuota } from '../../api/types/core-v1.ts'
import { localDriver, snapshotAnnotation } from '../../api/volumes/local-volume-names.ts'
import { contentProtection, snapshotBeingDeleted } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshotContent } from '../../api/volumes/snapshot-objects.ts'
import { type ContentStep, type ContentView, isSnapshotIn, planContent } from './snapshot-content-plan.ts'

const at = '2026-12-01T00:00:00Z'
const gibibyte = 2 ** 30

const contentOf = (
  spec: Partial<VolumeSnapshotContent['spec']> = {},
  metadata: VolumeSnapshotContent['metadata'] = {},
  status?: VolumeSnapshotContent['status'],
): VolumeSnapshotContent => ({
  metadata: { name: 'snapcontent-u1', finalizers: [contentProtection], ...metadata },
  spec: {
    deletionPolicy: 'Delete',
    driver: localDriver,
    source: { volumeHandle: 'pvc-c1' },
    volumeSnapshotRef: { namespace: 'ns', name: 's', uid: 'u1' },
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
})
const volumeOf = (status: LocalVolume['status'] = { phase: 'Ready', bytes: gibibyte }): LocalVolume => ({
  metadata: { name: 'pvc-c1' },
  spec: { nodeName: 'n1', bytes: gibibyte, encryption: 'required' },
  status,
})
const snapshotOf = (status: LocalVolume['status'], metadata: LocalVolume['metadata'] = {}): LocalVolume => ({
  metadata: { name: 'snap-u1', annotations: { [snapshotAnnotation]: 'ns/s' }, creationTimestamp: at, ...metadata },
  spec: { nodeName: 'n1', bytes: gibibyte, encryption: 'required', source: 'pvc-c1' },
  ...(status === undefined ? {} : { status }),
})
const quotaOf = (hard: string): ResourceQuota => ({
  metadata: { name: 'q', namespace: 'ns' },
  spec: { hard: { 'requests.storage': hard } },
  // It is written late, so it does not count.
  status: { used: { 'requests.storage': '0' } },
})
const ending = { deletionTimestamp: at }
const marked = { ...ending, annotations: { [snapshotBeingDeleted]: 'yes' } }
const byHand = { source: { snapshotHandle: 'snap-u1' } }
const live = { source: { snapshotHandle: 'pvc-c1' }, volumeSnapshotRef: { namespace: 'ns', name: 's' } }

function describe(step: ContentStep): string {
  switch (step.step) {
    case 'make': {
      const { metadata, spec } = step.localVolume
      return `make ${metadata.name} ${spec.nodeName} ${spec.bytes} ${spec.encryption} ${spec.source} ${metadata.annotations?.[snapshotAnnotation]}`
    }
    case 'status':
      return `status ${step.status.snapshotHandle} ${step.status.restoreSize} ${step.status.readyToUse}`
    case 'failed':
      return `failed ${step.message}`
    default:
      return step.step
  }
}

const rows: readonly { readonly name: string; readonly view: Partial<ContentView>; readonly want: string | RegExp }[] = [
  { name: "another driver's", view: { content: contentOf({ driver: 'other' }) }, want: 'wait' },
  { name: 'unprotected', view: { content: contentOf({}, { finalizers: [] }) }, want: 'protect' },
  { name: 'new', view: {}, want: 'make snap-u1 n1 1073741824 required pvc-c1 ns/s' },
  { name: 'of a volume that is gone', view: { source: undefined }, want: 'failed volume "pvc-c1" is not there any more' },
  { name: 'of a volume that is not made', view: { source: volumeOf({ phase: 'Failed' }) }, want: 'failed volume "pvc-c1" is not ready' },
  { name: 'of a node that is lost', view: { hasNode: false }, want: 'failed node "n1", which has the volume, is gone' },
  { name: 'within the quota', view: { quotas: [quotaOf('3Gi')], otherBytes: () => 2 * gibibyte }, want: /^make / },
  {
    name: 'above the quota, with the other snapshots',
    view: { quotas: [quotaOf('3Gi')], otherBytes: () => 2 * gibibyte + 1 },
    want: /^failed exceeded quota: q of namespace "ns" limits requests.storage to 3Gi, .* leave 1073741823 bytes, and the snapshot needs 1073741824$/,
  },
  { name: 'being copied', view: { localVolume: snapshotOf(undefined) }, want: 'wait' },
  { name: 'not copied', view: { localVolume: snapshotOf({ phase: 'Failed', message: 'full' }) }, want: 'failed full' },
  {
    name: 'copied',
    view: { localVolume: snapshotOf({ phase: 'Ready', bytes: gibibyte }) },
    want: 'status snap-u1 1073741824 true',
  },
  {
    name: 'reported',
    view: { content: contentOf({}, {}, { readyToUse: true }), localVolume: snapshotOf({ phase: 'Ready' }) },
    want: 'wait',
  },
  {
    name: 'of a name that another snapshot has',
    view: { localVolume: snapshotOf({ phase: 'Ready' }, { annotations: { [snapshotAnnotation]: 'other/s' } }) },
    want: 'failed LocalVolume "snap-u1" is a snapshot of another name',
  },
  {
    name: 'made by hand',
    view: { content: contentOf(byHand), localVolume: snapshotOf({ phase: 'Ready', bytes: 5 }) },
    want: /^status snap-u1 5 true/,
  },
  { name: 'made by hand of nothing', view: { content: contentOf(byHand) }, want: 'failed there is no LocalVolume "snap-u1"' },
  {
    name: 'made by hand of a volume in use',
    view: { content: contentOf(live), localVolume: volumeOf() },
    want: 'failed LocalVolume "pvc-c1" is not a snapshot',
  },
  { name: 'ending', view: { content: contentOf({}, marked), localVolume: snapshotOf({ phase: 'Ready' }) }, want: 'erase' },
  { name: 'ending before its copy was made', view: { content: contentOf({}, marked) }, want: 'erase' },
  {
    name: 'ending while its snapshot exists',
    view: { content: contentOf({}, ending), localVolume: snapshotOf({ phase: 'Ready' }) },
    want: 'wait',
  },
  { name: 'ending and retained', view: { content: contentOf({ deletionPolicy: 'Retain' }, marked) }, want: 'retain' },
  {
    name: 'ending, and made by hand of a volume in use',
    view: { content: contentOf(live, marked), localVolume: volumeOf() },
    want: 'release',
  },
  { name: 'ending, and made by hand of nothing', view: { content: contentOf(byHand, marked) }, want: 'release' },
  { name: 'ended', view: { content: contentOf({}, { ...marked, finalizers: [] }) }, want: 'wait' },
]
for (const { name, view, want } of rows)
  test(`planContent() of a content that is ${name}`, () => {
    const step = planContent({
      content: contentOf(),
      source: volumeOf(),
      localVolume: undefined,
      hasNode: true,
      quotas: [],
      otherBytes: () => assert.fail('only a new snapshot counts them'),
      ...view,
    })
    if (typeof want === 'string') assert.equal(describe(step), want)
    else assert.match(describe(step), want)
  })

test('isSnapshotIn() counts snapshots of the namespace, and no volumes', () => {
  assert.ok(isSnapshotIn(snapshotOf(undefined), 'ns'))
  assert.ok(!isSnapshotIn(snapshotOf(undefined), 'n'))
  assert.ok(!isSnapshotIn(volumeOf(), ''))
})
