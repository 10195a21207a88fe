import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shapeOfSchema } from '../../custom-resources/schema/schema-shape.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import type { FieldSet } from './field-set.ts'
import { type Manager, type Managers, managerKey } from './managers.ts'
import { followSchema } from './schema-change.ts'

const text: JSONSchemaProps = { type: 'string' }
const wholeMap: JSONSchemaProps = { type: 'object', additionalProperties: text, 'x-kubernetes-map-type': 'atomic' }
const wholeList: JSONSchemaProps = { type: 'array', items: text, 'x-kubernetes-list-type': 'atomic' }
const keyed: JSONSchemaProps = {
  ...{ type: 'array', items: { type: 'object', properties: { n: text, m: wholeMap } } },
  ...{ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
}
const schema: JSONSchemaProps = {
  type: 'object',
  properties: { m: wholeMap, l: wholeList, k: keyed, s: text, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
}
const item = 'k:{"n":"x"}'

const rows: readonly [name: string, before: FieldSet, after: FieldSet][] = [
  ['entries of a map that is atomic now', { 'f:m': { 'f:a': {}, 'f:b': {} } }, { 'f:m': {} }],
  ['a map and its entries', { 'f:m': { '.': {}, 'f:a': {} } }, { 'f:m': {} }],
  ['values of a list that is atomic now', { 'f:l': { 'v:"a"': {} }, 'f:s': {} }, { 'f:l': {}, 'f:s': {} }],
  [
    'what is in an item',
    { 'f:k': { [item]: { '.': {}, 'f:m': { 'f:a': {} }, 'f:n': {} } } },
    { 'f:k': { [item]: { '.': {}, 'f:m': {}, 'f:n': {} } } },
  ],
  ['what was atomic all along', { 'f:l': {}, 'f:m': {} }, { 'f:l': {}, 'f:m': {} }],
  ['a path below a scalar', { 'f:s': { 'f:a': {} } }, { 'f:s': { 'f:a': {} } }],
  [
    'what the schema does not know',
    { 'f:free': { 'f:a': { 'f:b': {} } }, 'f:x': { 'f:a': {} } },
    { 'f:free': { 'f:a': { 'f:b': {} } }, 'f:x': { 'f:a': {} } },
  ],
]
const managersWith = (set: FieldSet, apiVersion = 'v1'): Managers => {
  const manager: Manager = { name: 'm', operation: 'Apply', apiVersion, subresource: '', time: undefined, set, entry: undefined }
  return new Map([[managerKey(manager), manager]])
}
const write = { apiVersion: 'v1', shape: shapeOfSchema(schema), type: undefined, version: () => undefined }

for (const [name, before, after] of rows) {
  test(`followSchema(): ${name}`, () => {
    const managers = managersWith(before)
    const changed = followSchema(managers, write)
    const [manager] = managers.values()
    assert.deepEqual(manager?.set, after)
    assert.equal(changed, JSON.stringify(before) !== JSON.stringify(after))
  })
}

test('followSchema() checks managers of other versions by their schemas, and skips those without one', () => {
  const set = { 'f:m': { 'f:a': {} } }
  const other = managersWith(set, 'v2')
  assert.equal(followSchema(other, write), false)
  const granular = shapeOfSchema({ type: 'object', properties: { m: { type: 'object', additionalProperties: text } } })
  const version = () => ({ shape: granular, convert: () => assert.fail(), restore: () => assert.fail() })
  assert.equal(followSchema(other, { ...write, version }), false)
  assert.deepEqual([...other.values()][0]?.set, set)
})
