import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LocalVolume } from '../../types/bulkhead-v1alpha1.ts'
import { localVolume, maxLocalVolumeBytes } from './local-volume.ts'

const spec = { nodeName: 'n1', bytes: 5, encryption: 'required' }
const volumeOf = (more: Partial<LocalVolume['spec']> = {}): LocalVolume => ({ metadata: { name: 'v' }, spec: { ...spec, ...more } })
const fields = (errors: readonly unknown[] | undefined) =>
  (errors ?? []).map(error => (typeof error === 'object' && error !== null && 'field' in error ? error.field : error))

const rows: readonly { readonly name: string; readonly more?: Partial<LocalVolume['spec']>; readonly faults: readonly string[] }[] = [
  { name: 'a usual one', faults: [] },
  { name: 'one in clear', more: { encryption: 'none' }, faults: [] },
  { name: 'one of no node', more: { nodeName: '' }, faults: ['spec.nodeName'] },
  { name: 'one without a size', more: { bytes: 0 }, faults: ['spec.bytes'] },
  { name: 'one that is too large', more: { bytes: maxLocalVolumeBytes + 1 }, faults: ['spec.bytes'] },
  { name: 'one with an unknown encryption', more: { encryption: 'rot13' }, faults: ['spec.encryption'] },
]
for (const { name, more, faults } of rows)
  test(`localVolume validates ${name}`, () => assert.deepEqual([...new Set(fields(localVolume.validate?.(volumeOf(more))))], faults))

test('localVolume lets a volume grow, and nothing else change', () => {
  const update = (more: Partial<LocalVolume['spec']>) => fields([localVolume.validateUpdate?.(volumeOf(more), volumeOf())].flat(2))
  assert.deepEqual(update({ bytes: 6 }), [])
  assert.deepEqual(update({ bytes: 4 }), ['spec.bytes'])
  assert.deepEqual(update({ nodeName: 'n2' }), ['spec.nodeName'])
  assert.deepEqual(update({ encryption: 'none' }), ['spec.encryption'])
})

test('localVolume bounds what a node reports, and takes names of folders only', () => {
  const [status] = localVolume.subresources
  const report = (value: LocalVolume['status']) => fields([status?.validate?.({ ...volumeOf(), status: value }, volumeOf())].flat(2))
  assert.deepEqual(report({ phase: 'Ready', bytes: 5, encryption: 'luks', message: 'm' }), [])
  assert.deepEqual(report({ phase: 'Done' }), ['status.phase'])
  assert.deepEqual(report({ bytes: -1 }), ['status.bytes'])
  assert.deepEqual(report({ encryption: 'x'.repeat(64) }), ['status.encryption'])
  assert.deepEqual(report({ message: 'x'.repeat(1025) }), ['status.message'])
  for (const name of ['a.b', '../a', 'A', 'a'.repeat(64)]) assert.notDeepEqual(localVolume.nameRule?.(name, false), [])
  assert.deepEqual(localVolume.nameRule?.('pvc-4d693766-d216-44de-8e76-83808a9cb033', false), [])
})
