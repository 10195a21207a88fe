import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../api/object.ts'
import { fieldsOfOutline } from '../api/patch/apply/outline.ts'
import { deducedMap } from '../api/patch/apply/shape.ts'
import { encodeObject } from './encode-object.ts'

const shared = fieldsOfOutline({ metadata: { labels: { a: '1' } } }, deducedMap, {}, undefined, () => ({
  'f:metadata': { 'f:labels': { 'f:a': {} } },
}))
const own = { 'f:data': { 'f:"managedFields"': {} } }
const entry = (fieldsV1: unknown, more: object = {}) => ({
  manager: 'm',
  operation: 'Update',
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
})

const objects: readonly (readonly [string, KubeObject])[] = [
  ['nothing managed', { metadata: { name: 'a' } }],
  ['a set of its own', { metadata: { managedFields: [entry(own)] } }],
  ['a shared set', { metadata: { name: 'a', managedFields: [entry(shared)] } }],
  [
    'both, and more behind them',
    { metadata: { managedFields: [entry(own), entry(shared, { subresource: 'status' })] }, spec: { x: 1 } } as KubeObject,
  ],
  [
    'texts that look like managed fields',
    {
      metadata: {
        labels: { managedFields: 'x', fieldsV1: '"fieldsV1":""' },
        annotations: { '"managedFields":"': '"managedFields":[]' },
        managedFields: [entry(shared, { manager: '"fieldsV1":"' })],
      },
    },
  ],
]

describe('encodeObject()', () => {
  for (const [name, object] of objects) {
    test(`writes what JSON.stringify() writes: ${name}`, () => {
      const before = structuredClone(object)
      assert.equal(encodeObject(object), JSON.stringify(object))
      assert.deepEqual(object, before)
    })
  }
})
