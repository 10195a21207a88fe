import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Namespace } from '../../types/core-v1.ts'
import { namespace } from './namespace.ts'
import { validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'

describe('Namespace', () => {
  const stored = validateNew(namespace, { metadata: { name: 'team-a' }, spec: {} }).object

  test('has its name as a label, its finalizer and its phase', () => {
    assert.deepEqual(stored, {
      metadata: { name: 'team-a', labels: { 'kubernetes.io/metadata.name': 'team-a' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
  })

  test('cannot lose the label', () => {
    const { object } = validateUpdate(namespace, stored, ({ metadata }) =>
      Object.assign(metadata, { labels: { 'kubernetes.io/metadata.name': 'other' } }),
    )
    assert.equal(object.metadata.labels?.['kubernetes.io/metadata.name'], 'team-a')
  })

  test('loses finalizers only through /finalize', () => {
    const clear = (object: Namespace): void => {
      object.spec = { finalizers: [] }
    }
    assert.deepEqual(validateUpdate(namespace, stored, clear).object.spec, stored.spec)
    const { object, errors } = validateSubresource(namespace, 'finalize', stored, clear)
    assert.deepEqual([object.spec, errors], [{ finalizers: [] }, []])
    assert.equal(
      validateSubresource(namespace, 'finalize', stored, ({ spec }) => Object.assign(spec ?? {}, { finalizers: ['x'] })).fields[0],
      'spec.finalizers[0]',
    )
  })

  test('terminates only once it is deleted', () => {
    const terminate = (object: Namespace): void => {
      object.status = { phase: 'Terminating' }
    }
    assert.deepEqual(validateSubresource(namespace, 'status', stored, terminate).fields, ['status.Phase'])
    const deleted = { ...stored, metadata: { ...stored.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    assert.deepEqual(validateSubresource(namespace, 'status', deleted, terminate).fields, [])
  })

  test('requires a label as name', () => {
    assert.deepEqual(namespace.nameRule?.('a.b', false), ['must not contain dots'])
  })
})
