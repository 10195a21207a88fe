import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatFieldError, invalidValue, type UpdateFaults } from '../field-error.ts'
import type { ObjectMeta } from '../object.ts'
import { nameIsDnsSubdomain } from './names.ts'
import {
  type MetadataAgain,
  type ObjectMetaRules,
  validateFieldManager,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './object-meta.ts'

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u1' }
const good: ObjectMeta = { name: 'a', namespace: 'b' }
const whole: ObjectMetaRules = { namespaced: true, nameRule: nameIsDnsSubdomain }

function created(meta: ObjectMeta, namespaced = true): string[] {
  return validateObjectMeta(meta, { namespaced, nameRule: nameIsDnsSubdomain }).map(formatFieldError)
}

describe('validateObjectMeta()', () => {
  const rows: readonly { name: string; meta: ObjectMeta; namespaced?: boolean; starts: readonly string[] }[] = [
    { name: 'accepts a plain object', meta: good, starts: [] },
    { name: 'wants a name', meta: { namespace: 'b' }, starts: ['metadata.name: Required value: name or generateName is required'] },
    { name: 'validates generateName', meta: { ...good, generateName: 'WEB-' }, starts: ['metadata.generateName: Invalid value: "WEB-"'] },
    { name: 'wants a namespace where there are namespaces', meta: { name: 'a' }, starts: ['metadata.namespace: Required value'] },
    { name: 'refuses one elsewhere', meta: good, namespaced: false, starts: ['metadata.namespace: Forbidden: not allowed on this type'] },
    {
      name: 'validates label keys',
      meta: { ...good, labels: { 'a b': 'c' } },
      starts: ['metadata.labels: Invalid value: "a b": name part'],
    },
    {
      name: 'validates label values',
      meta: { ...good, labels: { a: '-' } },
      starts: ['metadata.labels: Invalid value: "-": a valid label'],
    },
    { name: 'lets annotation keys be upper case', meta: { ...good, annotations: { 'Example.com/A': '' } }, starts: [] },
    {
      name: 'bounds annotations',
      meta: { ...good, annotations: { a: 'x'.repeat(256 * 1024) } },
      starts: ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    },
    {
      name: 'wants whole owner references',
      meta: { ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      starts: [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": kind must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": name must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
      ],
    },
    {
      name: 'lets nobody be owned by an event',
      meta: { ...good, ownerReferences: [{ ...owner, kind: 'Event' }] },
      starts: ['metadata.ownerReferences: Invalid value: '],
    },
    {
      name: 'allows one controller',
      meta: {
        ...good,
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, name: 'c', uid: 'u2', controller: true },
        ],
      },
      starts: ['metadata.ownerReferences: Invalid value: '],
    },
    { name: 'accepts standard finalizers', meta: { ...good, finalizers: ['kubernetes', 'orphan', 'example.com/x'] }, starts: [] },
    {
      name: 'refuses bare finalizers that are not',
      meta: { ...good, finalizers: ['mine'] },
      starts: ['metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
    },
    {
      name: 'refuses contradicting finalizers',
      meta: { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
      starts: [
        'metadata.finalizers: Invalid value: []string{"orphan", "foregroundDeletion"}: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    },
    {
      name: 'validates managed fields',
      meta: { ...good, managedFields: [{ manager: 'm', operation: 'Delete', fieldsType: 'V2' }] },
      starts: ['metadata.managedFields[0].operation: Invalid value', 'metadata.managedFields[0].fieldsType: Invalid value'],
    },
  ]
  for (const { name, meta, namespaced, starts } of rows) {
    test(name, () => {
      const errors = created(meta, namespaced)
      assert.equal(errors.length, starts.length, errors.join('\n'))
      for (const [index, start] of starts.entries()) assert.ok(errors[index]?.startsWith(start), errors[index])
    })
  }

  test('accepts unqualified finalizers if the kind has only the generic rules', () => {
    const rules = { namespaced: true, nameRule: nameIsDnsSubdomain, standardFinalizers: false }
    assert.deepEqual(validateObjectMeta({ ...good, finalizers: ['mine'] }, rules), [])
  })
})

describe('validateObjectMetaUpdate()', () => {
  const old: ObjectMeta = {
    ...good,
    uid: 'u',
    resourceVersion: '5',
    generation: 2,
    creationTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['a.b/c'],
  }
  const rows: readonly { name: string; change: ObjectMeta; of?: ObjectMeta; fields: readonly string[] }[] = [
    { name: 'validates the form of finalizers', change: { finalizers: ['a b/c'] }, fields: ['metadata.finalizers'] },
    {
      name: 'knows finalizers that contradict each other',
      change: { finalizers: ['orphan', 'foregroundDeletion'] },
      fields: ['metadata.finalizers'],
    },
    { name: 'accepts no change', change: {}, fields: [] },
    { name: 'knows the same instant in another zone', change: { creationTimestamp: '2026-01-01T01:00:00+01:00' }, fields: [] },
    { name: 'keeps the uid', change: { uid: 'v' }, fields: ['metadata.uid'] },
    { name: 'keeps name and namespace', change: { name: 'x', namespace: 'y' }, fields: ['metadata.name', 'metadata.namespace'] },
    { name: 'keeps the creation time', change: { creationTimestamp: '2026-01-02T00:00:00Z' }, fields: ['metadata.creationTimestamp'] },
    { name: 'wants a resourceVersion', change: { resourceVersion: '' }, fields: ['metadata.resourceVersion'] },
    { name: 'lets generation only grow', change: { generation: 1 }, fields: ['metadata.generation'] },
    { name: 'lets finalizers go', change: { finalizers: [] }, fields: [] },
    {
      name: 'takes no new finalizers once deleted',
      change: { finalizers: ['a.b/c', 'a.b/d'], deletionTimestamp: '2026-01-03T00:00:00Z' },
      of: { deletionTimestamp: '2026-01-03T00:00:00Z' },
      fields: ['metadata.finalizers'],
    },
  ]
  for (const { name, change, of, fields } of rows) {
    test(name, () => {
      const errors = validateObjectMetaUpdate({ ...old, ...change }, { ...old, ...of })
      assert.deepEqual([...new Set(errors.map(error => error.field))], fields)
    })
  }
})

test('validateObjectMetaUpdate() reports an invalid label as often as upstream validates it', () => {
  const old: ObjectMeta = { ...good, uid: 'u', resourceVersion: '5' }
  const validate = (again: MetadataAgain, change: ObjectMeta): number =>
    validateObjectMetaUpdate({ ...old, ...change }, old, 'metadata', { again, whole, standardFinalizers: again !== false }).length
  const label = { labels: { a: '-' } }
  assert.deepEqual(
    [validate(false, label), validate(['change'], label), validate(['whole'], label), validate(['change', 'whole'], label)],
    [2, 3, 3, 4],
  )
  const finalizer = { finalizers: ['x'] }
  assert.deepEqual(
    [validate(false, finalizer), validate(['change'], finalizer), validate(['whole', 'change', 'whole'], finalizer)],
    [0, 1, 3],
  )
  const uid = { uid: 'v' }
  assert.deepEqual([validate(false, uid), validate(['whole', 'whole'], uid), validate(['change', 'whole'], uid)], [1, 1, 2])
})

test('validateObjectMetaUpdate() validates a new generateName', () => {
  const old: ObjectMeta = { ...good, uid: 'u', resourceVersion: '5', generateName: 'A_' }
  const validate = (again: MetadataAgain, generateName: string): string[] =>
    validateObjectMetaUpdate({ ...old, generateName }, old, 'metadata', { again, whole }).map(({ field }) => field)
  assert.deepEqual(validate(['change', 'whole'], 'A_'), [])
  assert.deepEqual([validate(['change'], 'B_'), validate(['change'], 'a/b')], [[], ['metadata.generateName']])
  assert.deepEqual(
    [validate(['whole'], 'B_'), validate(['change', 'whole'], 'a/b')],
    [['metadata.generateName'], ['metadata.generateName', 'metadata.generateName']],
  )
})

test("validateObjectMetaUpdate() shows a time in Go's form", () => {
  const old: ObjectMeta = { ...good, uid: 'u', resourceVersion: '5' }
  const [error] = validateObjectMetaUpdate({ ...old, deletionTimestamp: '2026-01-03T00:00:00Z' }, old)
  assert.equal(
    error && formatFieldError(error),
    'metadata.deletionTimestamp: Invalid value: 2026-01-03 00:00:00 +0000 UTC: field is immutable',
  )
})

describe('validateFieldManager()', () => {
  test('limits length and characters', () => {
    const validate = (manager: string): string[] => {
      const errors: Parameters<typeof validateFieldManager>[2] = []
      validateFieldManager(manager, 'fieldManager', errors)
      return errors.map(formatFieldError)
    }
    assert.deepEqual(validate('kubectl client-side'), [])
    assert.deepEqual(validate('m'.repeat(129)), ['fieldManager: Too long: may not be more than 128 bytes'])
    assert.deepEqual(validate('a\u0007'), ['fieldManager: Invalid value: "a\\a": invalid character U+0007 (at position 1)'])
  })
})

test("validateObjectMetaUpdate() places a kind's own errors after the validation of metadata that they follow", () => {
  const old: ObjectMeta = { ...good, uid: 'u', resourceVersion: '5' }
  const own = (...fields: string[]) => fields.map(field => invalidValue(field, 1, 'no'))
  const validate = (again: MetadataAgain, faults: UpdateFaults, change: ObjectMeta = { finalizers: ['x'] }): string =>
    validateObjectMetaUpdate({ ...old, ...change }, old, 'metadata', { again, whole }, faults)
      .map(({ field }) => field.replace('metadata.finalizers[0]', 'meta'))
      .join()
  assert.equal(validate(['change'], own('a')), 'meta,a')
  assert.equal(validate(['whole', 'change'], own('a', 'b')), 'meta,meta,a,b')
  assert.equal(validate(['whole', 'change'], [own('a'), own('b')]), 'meta,a,meta,b')
  assert.equal(validate(['whole', 'change'], [own('a')]), 'meta,a,meta')
  assert.equal(validate(['none', 'change'], [own('a'), own('b')]), 'a,meta,b')
  assert.equal(validate(['whole', 'change'], [own('a'), own('b')], {}), 'a,b')
})
