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

test('scaleEntries() shows who has the replicas, whatever they are called in the version', () => {
  assert.deepEqual(scaleEntries(parent, paths), [entry('a', 'autoscaling/v1', inScale, 'Apply'), entry('b', 'autoscaling/v1', inScale)])
  assert.equal(scaleEntries([], paths), undefined)
  assert.equal(scaleEntries(undefined, paths), undefined)
})

test('parentEntries() leaves everything to who still has the scale, but for versions that are not served', () => {
  const kept = parent.filter(({ manager }) => manager !== 'd')
  const back = parentEntries(parent, scaleEntries(parent, paths), paths) ?? []
  assert.deepEqual(new Set(back), new Set(kept))
})

test('parentEntries() takes the replicas from who lost them and gives them to who has them now', () => {
  assert.deepEqual(parentEntries(parent.slice(0, 2), [entry('s', 'autoscaling/v1', inScale, 'Apply', 'scale')], paths), [
    entry('a', 'v1', { 'f:spec': { 'f:color': {} } }, 'Apply'),
    entry('s', 'v1', { 'f:spec': { 'f:size': {} } }, 'Apply', 'scale'),
  ])
})

test('parentEntries() gives nothing to who manages another field of the scale', () => {
  assert.equal(parentEntries(undefined, [entry('s', 'autoscaling/v1', { 'f:metadata': { 'f:labels': {} } })], paths), undefined)
})
