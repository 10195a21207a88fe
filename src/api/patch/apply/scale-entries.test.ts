import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedFieldsEntry } from '../../object.ts'
import { parentEntries, type ReplicasPaths, scaleEntries } from './scale-entries.ts'

const paths: ReplicasPaths = {
  apiVersion: 'v1',
  pathIn: version =>
    version === 'v1' ? ['spec', 'size'] : version === 'v2' ? ['spec', 'many', 'count'] : version === 'v3' ? null : undefined,
}

const entry = (manager: string, apiVersion: string, fieldsV1: object, operation: 'Apply' | 'Update' = 'Update', subresource?: string) =>
  ({
    ...{ manager, operation, apiVersion, fieldsType: 'FieldsV1', fieldsV1 },
    ...(subresource === undefined ? {} : { subresource }),
  }) as ManagedFieldsEntry

const parent = [
  entry('a', 'v1', { 'f:spec': { 'f:size': {}, 'f:color': {} } }, 'Apply'),
  entry('b', 'v2', { 'f:spec': { 'f:many': { 'f:count': {} } } }),
  entry('c', 'v3', { 'f:spec': { 'f:size': {} } }),
  entry('d', 'v9', { 'f:spec': { 'f:size': {} } }),
  entry('e', 'v1', { 'f:spec': { 'f:color': {} } }),
]
const inScale = { 'f:spec': { 'f:replicas': {} } }

test("scaleEntries() shows the managers of the replicas, whatever the field's name in the version", () => {
  assert.deepEqual(scaleEntries(parent, paths), [entry('a', 'autoscaling/v1', inScale, 'Apply'), entry('b', 'autoscaling/v1', inScale)])
  assert.equal(scaleEntries([], paths), undefined)
  assert.equal(scaleEntries(undefined, paths), undefined)
})

test('parentEntries() keeps entries of appliers that still own the scale, except in versions that are not served', () => {
  const applied = parent.filter(({ manager }) => manager !== 'b')
  const kept = applied.filter(({ manager }) => manager !== 'd')
  const back = parentEntries(applied, scaleEntries(applied, paths), paths) ?? []
  assert.deepEqual(new Set(back), new Set(kept))
})

test('parentEntries() gives an updater a separate entry for the replicas, in the version of the request and without a time', () => {
  const count = { 'f:count': {} }
  const updated = { ...entry('b', 'v2', { 'f:spec': { 'f:many': count, 'f:color': {} } }), time: '2026-01-01T00:00:00Z' }
  assert.deepEqual(parentEntries([updated], scaleEntries([updated], paths), paths), [
    entry('b', 'v1', { 'f:spec': { 'f:size': {} } }),
    { ...updated, fieldsV1: { 'f:spec': { 'f:color': {} } } },
  ])
})

test('parentEntries() gives a new owner no time except that of its other entry', () => {
  const applied = { ...entry('a', 'v1', { 'f:spec': { 'f:color': {} } }, 'Apply', 'scale'), time: '2026-01-01T00:00:00Z' }
  const scale = [
    { ...entry('a', 'autoscaling/v1', inScale, 'Apply', 'scale'), time: '2026-01-02T00:00:00Z' },
    { ...entry('n', 'autoscaling/v1', inScale, 'Update', 'scale'), time: '2026-01-02T00:00:00Z' },
  ]
  const back = parentEntries([applied], scale, paths) ?? []
  assert.deepEqual(
    back.map(({ manager, time }) => [manager, time]),
    [
      ['a', '2026-01-01T00:00:00Z'],
      ['n', undefined],
    ],
  )
})

test('parentEntries() moves the replicas from the old to the new owner', () => {
  assert.deepEqual(parentEntries(parent.slice(0, 2), [entry('s', 'autoscaling/v1', inScale, 'Apply', 'scale')], paths), [
    entry('a', 'v1', { 'f:spec': { 'f:color': {} } }, 'Apply'),
    entry('s', 'v1', { 'f:spec': { 'f:size': {} } }, 'Apply', 'scale'),
  ])
})

test('parentEntries() gives nothing to a manager of another field of the scale', () => {
  assert.equal(parentEntries(undefined, [entry('s', 'autoscaling/v1', { 'f:metadata': { 'f:labels': {} } })], paths), undefined)
})
