import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../types/core-v1.ts'
import { validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'
import { classAnnotation, persistentVolumeClaim } from './persistent-volume-claim.ts'

const base: PersistentVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const of = (spec: PersistentVolumeClaimSpec): PersistentVolumeClaim => ({
  metadata: { name: 'a', namespace: 'b' },
  spec: { ...base, ...spec },
})

describe('PersistentVolumeClaim', () => {
  const rows: readonly (readonly [name: string, spec: PersistentVolumeClaimSpec, fields: readonly string[]])[] = [
    ['accepts a plain one', {}, []],
    ['needs a mode', { accessModes: [] }, ['spec.accessModes']],
    ['needs a size', { resources: {} }, ['spec.resources[storage]']],
    ['needs a positive one', { resources: { requests: { storage: '-1' } } }, ['spec.resources[storage]']],
    ['validates its class', { storageClassName: 'A' }, ['spec.storageClassName']],
    ['validates its selector', { selector: { matchLabels: { a: '-' } } }, ['spec.selector.matchLabels']],
    [
      'needs whole sources',
      { dataSourceRef: { kind: 'X', name: '' } },
      ['spec.dataSource.name', 'spec.dataSource', 'spec.dataSourceRef.name', 'spec.dataSourceRef'],
    ],
    [
      'has one source',
      { dataSource: { kind: 'PersistentVolumeClaim', name: 'x' }, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'y' } },
      ['spec'],
    ],
  ]
  for (const [name, spec, fields] of rows) test(name, () => assert.deepEqual(validateNew(persistentVolumeClaim, of(spec)).fields, fields))

  test('sets both fields of its source', () => {
    const dataSource = { kind: 'PersistentVolumeClaim', name: 'x' }
    assert.deepEqual(validateNew(persistentVolumeClaim, of({ dataSource })).object.spec?.dataSourceRef, dataSource)
    assert.equal(
      validateNew(persistentVolumeClaim, of({ dataSource: { apiGroup: 'x.y', kind: 'Other', name: 'x' } })).object.spec?.dataSource,
      undefined,
    )
  })

  test('accepts sources of any kind in the newer field, and then in the older one too', () => {
    const source = { apiGroup: 'x.y', kind: 'Other', name: 'x' }
    const { object, errors } = validateNew(persistentVolumeClaim, of({ dataSourceRef: source }))
    assert.deepEqual([errors, object.spec?.dataSource], [[], source])
    const older = validateUpdate(persistentVolumeClaim, object, ({ spec }) => void delete spec?.dataSourceRef)
    assert.deepEqual([older.errors, older.object.spec?.dataSourceRef], [[], source])
  })

  test('warns about a class in an annotation', () => {
    const object = of({})
    object.metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': 'a' }
    assert.deepEqual(persistentVolumeClaim.warnings?.(object, undefined), [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    ])
  })

  test('is equal however its size is written', () => {
    const pending = validateNew(persistentVolumeClaim, of({})).object
    assert.deepEqual(validateUpdate(persistentVolumeClaim, pending, resize('1073741824')).errors, [])
  })

  test('status has no negative amounts, which errors show as numbers', () => {
    const old = validateNew(persistentVolumeClaim, of({})).object
    const { errors } = validateSubresource(persistentVolumeClaim, 'status', old, object =>
      Object.assign(object, { status: { capacity: { storage: '-1Ki' }, allocatedResources: { storage: '-500m' } } }),
    )
    assert.deepEqual(errors, [
      'status.capacity[storage]: Invalid value: -1024: must be a valid resource quantity',
      'status.allocatedResources[storage]: Invalid value: -1: must be a valid resource quantity',
    ])
  })

  test('loses an empty class annotation', () => {
    const annotated = (value: string) => ({ ...of({}), metadata: { ...of({}).metadata, annotations: { [classAnnotation]: value } } })
    const fields = (value: string) =>
      validateUpdate(persistentVolumeClaim, validateNew(persistentVolumeClaim, annotated(value)).object, object => {
        delete object.metadata.annotations
      }).fields
    assert.deepEqual(fields(''), [])
    assert.deepEqual(fields('slow'), [`metadata.annotations.${classAnnotation}`])
  })

  const bound = {
    ...validateNew(persistentVolumeClaim, of({ volumeName: 'v' })).object,
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  }
  const resize = (storage: string) => (object: PersistentVolumeClaim) =>
    Object.assign(object.spec ?? {}, { resources: { requests: { storage } } })

  test('is bound only once', () => {
    const pending = validateNew(persistentVolumeClaim, of({})).object
    assert.deepEqual(
      validateUpdate(persistentVolumeClaim, pending, ({ spec }) => Object.assign(spec ?? {}, { volumeName: 'v' })).fields,
      [],
    )
    assert.deepEqual(validateUpdate(persistentVolumeClaim, bound, ({ spec }) => Object.assign(spec ?? {}, { volumeName: 'w' })).fields, [
      'spec',
    ])
  })

  test('grows once bound, and never below its capacity', () => {
    assert.deepEqual(validateUpdate(persistentVolumeClaim, bound, resize('2Gi')).fields, [])
    assert.deepEqual(validateUpdate(persistentVolumeClaim, bound, resize('512Mi')).fields, ['spec.resources.requests.storage'])
    const pending = validateNew(persistentVolumeClaim, of({})).object
    assert.deepEqual(validateUpdate(persistentVolumeClaim, pending, resize('2Gi')).fields, ['spec'])
  })

  test('gets a class if it had none', () => {
    const set = ({ spec }: PersistentVolumeClaim): unknown => Object.assign(spec ?? {}, { storageClassName: 'fast' })
    assert.deepEqual(validateUpdate(persistentVolumeClaim, bound, object => void set(object)).fields, [])
  })

  test('a bound one changes its class of attributes, and never loses it', () => {
    const set = (name: string | undefined) => (object: PersistentVolumeClaim) => {
      if (name === undefined) delete object.spec?.volumeAttributesClassName
      else Object.assign(object.spec ?? {}, { volumeAttributesClassName: name })
    }
    assert.deepEqual(validateUpdate(persistentVolumeClaim, bound, set('gold')).fields, [])
    const gold = structuredClone(bound)
    set('gold')(gold)
    assert.deepEqual(validateUpdate(persistentVolumeClaim, gold, set('silver')).fields, [])
    for (const lost of [undefined, ''])
      assert.deepEqual(validateUpdate(persistentVolumeClaim, gold, set(lost)).fields, ['spec.volumeAttributesClassName'])
    const pending = validateNew(persistentVolumeClaim, of({ volumeAttributesClassName: 'gold' })).object
    assert.deepEqual(validateUpdate(persistentVolumeClaim, pending, set('silver')).fields, ['spec'])
    assert.deepEqual(validateNew(persistentVolumeClaim, of({ volumeAttributesClassName: 'G' })).fields, ['spec.volumeAttributesClassName'])
  })

  test('status has classes of attributes', () => {
    const old = validateNew(persistentVolumeClaim, of({})).object
    const { object } = validateSubresource(persistentVolumeClaim, 'status', old, next => {
      next.status = { phase: 'Bound', currentVolumeAttributesClassName: 'x', modifyVolumeStatus: { status: 'Pending' } }
    })
    assert.deepEqual(object.status, { phase: 'Bound', currentVolumeAttributesClassName: 'x', modifyVolumeStatus: { status: 'Pending' } })
  })

  test('validates the group of a source if it had none', () => {
    const source = { apiGroup: 'x.y', kind: 'Other', name: 'x' }
    const update = (spec: PersistentVolumeClaimSpec) =>
      validateUpdate(persistentVolumeClaim, validateNew(persistentVolumeClaim, of(spec)).object, object =>
        Object.assign(object.spec ?? {}, { dataSource: undefined, dataSourceRef: { ...source, apiGroup: 'X/' } }),
      ).fields
    assert.deepEqual(update({ dataSourceRef: source }), ['spec'])
    const twice = ['spec.dataSource.apiGroup', 'spec.dataSourceRef.apiGroup']
    assert.deepEqual(update({}), [...twice, ...twice, 'spec'])
  })

  test('status only reports storage', () => {
    const { errors, fields } = validateSubresource(persistentVolumeClaim, 'status', bound, object => {
      object.status = { allocatedResourceStatuses: { cpu: 'Fine' } }
    })
    assert.deepEqual(fields, ['status.allocatedResourceStatus', 'status.allocatedResourceStatus'])
    assert.deepEqual(
      errors.map(error => error.slice(0, error.indexOf(': supported'))),
      ['status.allocatedResourceStatus: Unsupported value: "cpu"', 'status.allocatedResourceStatus: Unsupported value: cpu'],
    )
  })
})
