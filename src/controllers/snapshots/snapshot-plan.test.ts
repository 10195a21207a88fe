import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import {
  boundProtection,
  claimSourceProtection,
  contentProtection,
  defaultSnapshotClassAnnotation,
  snapshotBeingDeleted,
  sourceProtection,
} from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshot, VolumeSnapshotClass, VolumeSnapshotContent } from '../../api/volumes/snapshot-objects.ts'
import { planSnapshot, restorableContent, type SnapshotStep, type SnapshotView } from './snapshot-plan.ts'

const now = '2026-12-01T00:00:00Z'
const finalizers = [boundProtection, sourceProtection]
const driver = 'csi.example.com'

const snapshotOf = (more: Partial<VolumeSnapshot> = {}, metadata: VolumeSnapshot['metadata'] = {}): VolumeSnapshot => ({
  metadata: { name: 's', namespace: 'ns', uid: 'u1', finalizers, ...metadata },
  spec: { source: { persistentVolumeClaimName: 'c' }, volumeSnapshotClassName: 'k' },
  ...more,
})
const claimOf = (metadata: PersistentVolumeClaim['metadata'] = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'ns', uid: 'c1', finalizers: [claimSourceProtection], ...metadata },
  spec: { volumeName: 'v' },
  status: { phase: 'Bound' },
})
const volumeOf = (spec: PersistentVolume['spec'] = {}): PersistentVolume => ({
  metadata: { name: 'v' },
  spec: { csi: { driver, volumeHandle: 'h' }, claimRef: { uid: 'c1' }, ...spec },
})
const classOf = (name: string, more: Partial<VolumeSnapshotClass> = {}, isDefault = false): VolumeSnapshotClass => ({
  metadata: { name, ...(isDefault ? { annotations: { [defaultSnapshotClassAnnotation]: 'true' } } : {}) },
  driver,
  deletionPolicy: 'Delete',
  ...more,
})
const contentOf = (
  spec: Partial<VolumeSnapshotContent['spec']> = {},
  status?: VolumeSnapshotContent['status'],
  metadata: VolumeSnapshotContent['metadata'] = {},
): VolumeSnapshotContent => ({
  metadata: { name: 'snapcontent-u1', finalizers: [contentProtection], ...metadata },
  spec: {
    deletionPolicy: 'Delete',
    driver,
    source: { volumeHandle: 'h' },
    volumeSnapshotRef: { namespace: 'ns', name: 's', uid: 'u1' },
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
})
const unnamed = { spec: { source: { persistentVolumeClaimName: 'c' } } }
const fixed = { spec: { source: { volumeSnapshotContentName: 'snapcontent-u1' } } }
const byHand = { source: { snapshotHandle: 'x' } }
const ready = { readyToUse: true, snapshotHandle: 'x', restoreSize: 5, creationTime: 1_764_547_200_000_000_000 }
const bound = { boundVolumeSnapshotContentName: 'snapcontent-u1' }
const ending = { deletionTimestamp: now }
const marked = { annotations: { [snapshotBeingDeleted]: 'yes' } }

function describe(step: SnapshotStep): string {
  switch (step.step) {
    case 'write':
      return `write ${step.finalizers.length} ${step.className ?? ''}`.trim()
    case 'create-content': {
      const { metadata, spec } = step.content
      return `create-content ${metadata.name} ${spec.driver} ${spec.source.volumeHandle} ${spec.deletionPolicy} ${spec.volumeSnapshotRef.uid}`
    }
    case 'bind-content':
      return `bind-content ${step.content.spec.volumeSnapshotRef.uid}`
    case 'status':
      return `status ${step.status.boundVolumeSnapshotContentName} ${step.status.readyToUse} ${step.status.restoreSize ?? ''} ${step.status.creationTime ?? ''} ${step.status.error?.message ?? ''}`.trim()
    case 'failed':
      return `failed ${step.reason}: ${step.message}`
    default:
      return step.step
  }
}

const rows: readonly { readonly name: string; readonly view: Partial<SnapshotView>; readonly want: string | RegExp }[] = [
  { name: 'is new', view: { snapshot: snapshotOf({}, { finalizers: [] }) }, want: 'write 2' },
  { name: 'names no class', view: { snapshot: snapshotOf(unnamed), classes: [classOf('k', {}, true), classOf('l')] }, want: 'write 2 k' },
  {
    name: 'names no class, and there is no default (CVE-2020-8569)',
    view: { snapshot: snapshotOf(unnamed) },
    want: /^failed GetSnapshotClassFailed: .*cannot find default/,
  },
  {
    name: 'names no class, and there are two defaults',
    view: { snapshot: snapshotOf(unnamed), classes: [classOf('k', {}, true), classOf('l', {}, true)] },
    want: /2 default snapshot classes/,
  },
  {
    name: "names another driver's class",
    view: { classes: [classOf('k', { driver: 'other' })] },
    want: /^failed GetSnapshotClassFailed: .*"other"$/,
  },
  { name: 'names a class that is missing', view: { classes: [] }, want: /"k" not found$/ },
  { name: 'has an unprotected claim', view: { claim: claimOf({ finalizers: [] }) }, want: 'protect-claim' },
  { name: 'is complete', view: {}, want: 'create-content snapcontent-u1 csi.example.com h Delete u1' },
  { name: 'has no claim', view: { claim: undefined }, want: /^failed SnapshotContentCreationFailed: .*"c" not found$/ },
  { name: 'has a claim that ends', view: { claim: claimOf({ ...ending, finalizers: [] }) }, want: /is being deleted$/ },
  { name: 'has a claim without a volume', view: { volume: undefined }, want: /not yet bound to a PV/ },
  {
    name: 'has a claim that names the volume of another',
    view: { volume: volumeOf({ claimRef: { uid: 'c2' } }) },
    want: /claim in dataSource not bound/,
  },
  {
    name: 'has a claim of a volume without a driver',
    view: { volume: { metadata: { name: 'v' }, spec: { hostPath: { path: '/x' }, claimRef: { uid: 'c1' } } } },
    want: /only CSI drivers/,
  },
  {
    name: 'has a class with half a secret',
    view: { classes: [classOf('k', { parameters: { 'csi.storage.k8s.io/snapshotter-secret-name': 'x' } })] },
    want: /needs "csi.storage.k8s.io\/snapshotter-secret-namespace"$/,
  },
  { name: 'has a content', view: { content: contentOf() }, want: 'status snapcontent-u1 false' },
  {
    name: 'has a content that is ready',
    view: { content: contentOf({}, ready) },
    want: 'status snapcontent-u1 true 5 2025-12-01T00:00:00Z',
  },
  {
    name: 'has a content that is ready, without a time',
    view: { content: contentOf({}, { readyToUse: true }) },
    want: `status snapcontent-u1 true  ${now}`,
  },
  {
    name: 'has a content with an error',
    view: { content: contentOf({}, { error: { message: 'full' } }) },
    want: 'status snapcontent-u1 false   full',
  },
  {
    name: 'is as its content',
    view: { content: contentOf({}, { readyToUse: false }), snapshot: snapshotOf({ status: { ...bound, readyToUse: false } }) },
    want: 'wait',
  },
  {
    name: 'is ready, and its claim is free',
    view: {
      content: contentOf({}, { readyToUse: true }),
      snapshot: snapshotOf({ status: { ...bound, readyToUse: true, creationTime: now } }),
    },
    want: 'release-claim',
  },
  {
    name: 'is ready, while another of its claim is not',
    view: {
      content: contentOf({}, { readyToUse: true }),
      snapshot: snapshotOf({ status: { ...bound, readyToUse: true, creationTime: now } }),
      isClaimNeeded: true,
    },
    want: 'wait',
  },
  {
    name: 'has lost its content',
    view: { snapshot: snapshotOf({ status: bound }) },
    want: 'failed SnapshotContentMissing: VolumeSnapshotContent is missing',
  },
  { name: 'names a content that is missing', view: { snapshot: snapshotOf(fixed) }, want: /^failed SnapshotContentMissing/ },
  {
    name: 'names a content that was made for it',
    view: { snapshot: snapshotOf(fixed), content: contentOf({ ...byHand, volumeSnapshotRef: { namespace: 'ns', name: 's' } }) },
    want: 'bind-content u1',
  },
  {
    name: 'names a content of another namespace',
    view: { snapshot: snapshotOf(fixed), content: contentOf({ ...byHand, volumeSnapshotRef: { namespace: 'other', name: 's' } }) },
    want: 'failed SnapshotContentMisbound: VolumeSnapshotContent [snapcontent-u1] is bound to a different snapshot',
  },
  {
    name: 'names a content of an earlier snapshot of its name',
    view: { snapshot: snapshotOf(fixed), content: contentOf({ ...byHand, volumeSnapshotRef: { namespace: 'ns', name: 's', uid: 'u0' } }) },
    want: /^failed SnapshotContentMisbound/,
  },
  {
    name: 'names a content that is being made',
    view: { snapshot: snapshotOf(fixed), content: contentOf() },
    want: /^failed SnapshotContentMismatch/,
  },
  { name: 'ends, and its content is not marked', view: { snapshot: snapshotOf({}, ending), content: contentOf() }, want: 'mark-content' },
  { name: 'ends', view: { snapshot: snapshotOf({}, ending), content: contentOf({}, ready, marked) }, want: 'delete-content' },
  {
    name: 'ends, and its content ends',
    view: { snapshot: snapshotOf({}, ending), content: contentOf({}, ready, { ...marked, ...ending }) },
    want: 'wait',
  },
  { name: 'ends, and its claim is protected', view: { snapshot: snapshotOf({}, ending) }, want: 'release-claim' },
  { name: 'ends without a content', view: { snapshot: snapshotOf({}, ending), claim: claimOf({ finalizers: [] }) }, want: 'write 0' },
  {
    name: 'ends, and its content is retained',
    view: { snapshot: snapshotOf({}, ending), content: contentOf({ deletionPolicy: 'Retain' }, ready, marked), claim: undefined },
    want: 'write 0',
  },
  {
    name: 'ends, and names the content of another',
    view: {
      snapshot: snapshotOf(fixed, ending),
      content: contentOf({ volumeSnapshotRef: { namespace: 'x', name: 's', uid: 'u9' } }),
      claim: undefined,
    },
    want: 'write 0',
  },
  {
    name: 'ends while it is restored',
    view: { snapshot: snapshotOf({}, ending), content: contentOf(), isBeingRestored: true },
    want: 'wait',
  },
]
for (const { name, view, want } of rows)
  test(`planSnapshot() of a snapshot that ${name}`, () => {
    const step = planSnapshot({
      snapshot: snapshotOf(),
      content: undefined,
      claim: claimOf(),
      volume: volumeOf(),
      classes: [classOf('k')],
      isBeingRestored: false,
      isClaimNeeded: false,
      now,
      ...view,
    })
    if (typeof want === 'string') assert.equal(describe(step), want)
    else assert.match(describe(step), want)
  })

test('restorableContent() needs both to name each other, and both to be ready', () => {
  const snapshot = snapshotOf({ status: { ...bound, readyToUse: true } })
  const content = contentOf({}, ready)
  assert.equal(restorableContent(snapshot, content), content)
  assert.equal(restorableContent(snapshot, undefined), undefined)
  assert.equal(restorableContent(snapshotOf({ status: { ...bound, readyToUse: false } }), content), undefined)
  assert.equal(restorableContent(snapshot, contentOf({}, { ...ready, readyToUse: false })), undefined)
  assert.equal(restorableContent(snapshotOf({ status: { boundVolumeSnapshotContentName: 'other', readyToUse: true } }), content), undefined)
  for (const volumeSnapshotRef of [
    { namespace: 'other', name: 's', uid: 'u1' },
    { namespace: 'ns', name: 's', uid: 'u2' },
    { namespace: 'ns', name: 's' },
  ])
    assert.equal(restorableContent(snapshot, contentOf({ volumeSnapshotRef }, ready)), undefined)
  assert.equal(restorableContent(snapshot, contentOf({}, ready, ending)), undefined)
})
