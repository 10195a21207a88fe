import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PersistentVolume, PersistentVolumeSpec } from '../../types/core-v1.ts'
import { row, validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'
import { persistentVolume } from './persistent-volume.ts'

const base: PersistentVolumeSpec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] }
const of = (spec: PersistentVolumeSpec): PersistentVolume => ({ metadata: { name: 'a' }, spec: { ...base, ...spec } })
const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] }

describe('PersistentVolume', () => {
  test("gets upstream's defaults", () => {
    const { object } = validateNew(persistentVolume, of({ hostPath: { path: '/a' } }))
    assert.deepEqual(object.spec, {
      ...base,
      hostPath: { path: '/a', type: '' },
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
    })
    assert.deepEqual(object.status, { phase: 'Pending', lastPhaseTransitionTime: '2026-01-01T00:00:00Z' })
  })

  const rows: readonly (readonly [name: string, spec: PersistentVolumeSpec, fields: readonly string[]])[] = [
    ['needs a source', {}, ['spec']],
    ['has one', { hostPath: { path: '/a' }, nfs: { server: 's', path: '/b' } }, ['spec.nfs']],
    ['needs a capacity', { hostPath: { path: '/a' }, capacity: {} }, ['spec.capacity', 'spec.capacity']],
    ['needs a positive one', { hostPath: { path: '/a' }, capacity: { storage: '0' } }, ['spec.capacity[storage]']],
    [
      'is not used alone and together',
      { hostPath: { path: '/a' }, accessModes: ['ReadWriteOncePod', 'ReadOnlyMany'] },
      ['spec.accessModes'],
    ],
    ['climbs nowhere', { hostPath: { path: '/a/../b' } }, ['spec.hostPath.path']],
    ['mounts absolute paths', { nfs: { server: '', path: 'b' } }, ['spec.nfs.server', 'spec.nfs.path']],
    ['is on a node where it is local', { local: { path: '/a' } }, ['spec.nodeAffinity']],
    ['local with a node is fine', { local: { path: '/a' }, nodeAffinity: { required } }, []],
    [
      'needs whole secrets',
      { csi: { driver: 'x.y', volumeHandle: 'h', nodePublishSecretRef: { name: 'a' } } },
      ['spec.csi.nodePublishSecretRef.namespace'],
    ],
    [
      'never recycles the root',
      { hostPath: { path: '/.' }, persistentVolumeReclaimPolicy: 'Recycle' },
      ['spec.persistentVolumeReclaimPolicy'],
    ],
    ['knows modes', { hostPath: { path: '/a' }, volumeMode: 'Tape' }, ['spec.volumeMode']],
    ['has valid iSCSI names', { iscsi: { targetPortal: 'p', iqn: 'iqn.bad', lun: 256 } }, ['spec.iscsi.iqn', 'spec.iscsi.lun']],
    [
      'has all of iSCSI valid, said in order',
      { iscsi: { targetPortal: 'p'.repeat(63), iqn: 'iqn.2014-12.a:b\t', lun: 256, initiatorName: 'y', secretRef: {} } },
      ['targetportal', 'iqn', 'lun', 'secretRef.name', 'initiatorname'].map(field => `spec.iscsi.${field}`),
    ],
  ]
  for (const [name, spec, fields] of rows) test(name, () => assert.deepEqual(validateNew(persistentVolume, of(spec)).fields, fields))

  test('keeps its source and node affinity', () => {
    const stored = validateNew(persistentVolume, of({ local: { path: '/a' }, nodeAffinity: { required } })).object
    const moved = validateUpdate(persistentVolume, stored, ({ spec }) =>
      Object.assign(spec ?? {}, { local: { path: '/b' }, volumeMode: 'Block' }),
    )
    assert.deepEqual(moved.fields, ['spec.persistentvolumesource', 'volumeMode'])
    assert.deepEqual(
      validateUpdate(persistentVolume, stored, ({ spec }) => Object.assign(spec ?? {}, { storageClassName: 'x' })).fields,
      [],
    )
  })

  test('may rename the labels of its nodes', () => {
    const place = (key: string) => ({ required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['z'] }] }] } })
    const old = validateNew(
      persistentVolume,
      of({ nfs: { server: 's', path: '/' }, nodeAffinity: place('failure-domain.beta.kubernetes.io/zone') }),
    ).object
    const move = (key: string) =>
      validateUpdate(persistentVolume, old, ({ spec }) => Object.assign(spec ?? {}, { nodeAffinity: place(key) })).fields
    assert.deepEqual(move('topology.kubernetes.io/zone'), [])
    assert.deepEqual(move('topology.kubernetes.io/region'), ['nodeAffinity'])
  })

  test('allows mount options in the annotation only if its source supports them', () => {
    const annotations = { 'volume.beta.kubernetes.io/mount-options': 'ro' }
    const validated = (spec: PersistentVolumeSpec) => {
      const object = of(spec)
      object.metadata.annotations = annotations
      return validateNew(persistentVolume, object).errors
    }
    assert.deepEqual(validated({ nfs: { server: 's', path: '/' } }), [])
    assert.deepEqual(validated({ hostPath: { path: '/a' } }), [
      'metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for this volume type',
    ])
  })

  test('status records when its phase changed', () => {
    const old = validateNew(persistentVolume, of({ nfs: { server: 's', path: '/' } })).object
    old.status = { phase: 'Pending', lastPhaseTransitionTime: '2025-01-01T00:00:00Z' }
    const after = (status: PersistentVolume['status']) =>
      validateSubresource(persistentVolume, 'status', old, object => Object.assign(object, { status })).object.status
        ?.lastPhaseTransitionTime
    assert.equal(after({ phase: 'Pending' }), '2025-01-01T00:00:00Z')
    assert.equal(after({ phase: 'Bound' }), '2026-01-01T00:00:00Z')
    assert.equal(after({ phase: 'Bound', lastPhaseTransitionTime: '2025-06-01T00:00:00Z' }), '2025-06-01T00:00:00Z')
  })

  test('warns about deprecated fields', () => {
    const object = of({ rbd: { monitors: ['m'], image: 'i' }, persistentVolumeReclaimPolicy: 'Recycle' })
    assert.deepEqual(persistentVolume.warnings?.(object, undefined), [
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
    ])
  })

  test('shows access modes in their short form', () => {
    const cells = row(persistentVolume, of({ accessModes: ['ReadWriteMany', 'ReadWriteOnce'], claimRef: { namespace: 'n', name: 'c' } }))
    assert.deepEqual([cells['Access Modes'], cells['Claim'], cells['VolumeMode'], cells['Capacity']], ['RWO,RWX', 'n/c', '<unset>', '1Gi'])
  })
})
