import assert from 'node:assert/strict'
import { test } from 'node:test'
import types from '../../src/api/schema/generated/types.json' with { type: 'json' }
import { ownDescriptions } from './own-descriptions.ts'

/** Where packages of descriptions have nothing. */
const packages = ['bulkhead/', 'metrics/', 'supply/']

test('ownDescriptions describe every field of kinds without another description', () => {
  const common = new Set(['apiVersion', 'kind', 'metadata'])
  for (const [key, { fields }] of Object.entries(types.structs)) {
    if (!packages.some(prefix => key.startsWith(prefix))) continue
    if (key.endsWith('List')) continue
    const named = fields.map(({ n }) => n).filter(name => !common.has(name))
    assert.deepEqual(Object.keys(ownDescriptions[key]?.fields ?? {}).sort(), named.sort(), key)
  }
})
