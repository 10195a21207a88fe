import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { textWithoutManagedFields } from './strip-managed-fields.ts'

const cut = (object: unknown, type = 'ADDED') => textWithoutManagedFields(Buffer.from(JSON.stringify({ type, object })))
const managedFields = [
  {
    manager: 'a"b\\',
    operation: 'Apply',
    fieldsV1: { 'f:spec': { 'k:{"name":"x]}\\""}': { '.': {}, 'v:["]"]': {} } } },
  },
]
const pod = (metadata: object, rest: object = { spec: { containers: [] } }) => ({ kind: 'Pod', apiVersion: 'v1', metadata, ...rest })

test('textWithoutManagedFields() removes exactly the managed fields of an object', () => {
  for (const type of ['ADDED', 'MODIFIED', 'DELETED']) {
    const text = cut(pod({ name: 'a', labels: { é: '"managedFields":[' }, managedFields, finalizers: ['x'] }), type)
    const expected = pod({ name: 'a', labels: { é: '"managedFields":[' }, finalizers: ['x'] })
    assert.equal(text, JSON.stringify({ type, object: expected }))
  }
  assert.equal(cut(pod({ name: 'a', managedFields })), JSON.stringify({ type: 'ADDED', object: pod({ name: 'a' }) }))
})

test('textWithoutManagedFields() keeps members of the same name elsewhere', () => {
  for (const object of [
    pod({ name: 'a' }, { spec: { x: 1, managedFields: [1] } }),
    pod({ name: 'a', ownerReferences: [{ x: 1, managedFields: [1] }] }),
    pod({ name: 'a' }, { spec: { template: { metadata: { x: 1, managedFields } } } }),
    { kind: 'A', apiVersion: 'b/v1', spec: { metadata: { x: 1, managedFields } }, metadata: { name: 'a' } },
    { kind: 'A', apiVersion: 'b/v1', metadata: {}, metadatas: { x: 1, managedFields } },
  ])
    assert.equal(cut(object), JSON.stringify({ type: 'ADDED', object }))
})

test('textWithoutManagedFields() does not change truncated text', () => {
  const line = Buffer.from(JSON.stringify({ type: 'ADDED', object: pod({ name: 'a', managedFields }) }))
  for (let length = 0; length < line.length; length++) {
    const text = textWithoutManagedFields(line.subarray(0, length))
    // A complete list is removed even from a truncated object; both are not JSON.
    assert.throws(() => JSON.parse(text), SyntaxError)
  }
})

test('textWithoutManagedFields() gives the parsed object without managed fields for any object', () => {
  const key = fc.oneof(fc.constantFrom('managedFields', 'metadata', 'spec', 'kind'), fc.string({ unit: 'binary' }))
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }))
  const object = fc.dictionary(key, value, { maxKeys: 5 })
  fc.assert(
    fc.property(object, object, fc.array(value), (metadata, rest, fields) => {
      const { metadata: _, ...others } = rest
      const { managedFields: own, ...kept } = metadata
      const event = { type: 'MODIFIED', object: { kind: 'A', ...others, metadata: { name: 'n', ...kept, managedFields: own ?? fields } } }
      const read = JSON.parse(textWithoutManagedFields(Buffer.from(JSON.stringify(event))))
      delete read.object.metadata.managedFields
      const { managedFields: _own, ...without } = event.object.metadata
      assert.deepEqual(read, JSON.parse(JSON.stringify({ ...event, object: { ...event.object, metadata: without } })))
    }),
  )
})
