import assert from 'node:assert/strict'
import { test } from 'node:test'
import { releaseFields } from './release-fields.ts'

test('releaseFields() reads and copies a set once however many of its fields it releases', () => {
  let reads = 0
  const keys = Array.from({ length: 50 }, (_, index) => `k:{"name":"c${index}"}`)
  const containers = new Proxy<Record<string, unknown>>(Object.fromEntries(keys.map(key => [key, { 'f:name': {}, 'f:resources': {} }])), {
    ownKeys(target) {
      reads++
      return Reflect.ownKeys(target)
    },
  })
  const metadata = { managedFields: [{ fieldsV1: { 'f:spec': { 'f:containers': containers } } }] }
  releaseFields(
    metadata,
    keys.map(key => ['f:spec', 'f:containers', key, 'f:resources']),
  )
  assert.equal(reads, 1)
  const left = { 'f:containers': Object.fromEntries(keys.map(key => [key, { 'f:name': {} }])) }
  assert.deepEqual(metadata.managedFields, [{ fieldsV1: { 'f:spec': left } }])
})

test('releaseFields() leaves a set alone that manages none of the fields as an empty whole', () => {
  const entry = { fieldsV1: { 'f:spec': { 'f:a': { 'f:b': {} } } } }
  const metadata = { managedFields: [entry] }
  releaseFields(metadata, [
    ['f:spec', 'f:a'],
    ['f:spec', 'f:c'],
  ])
  assert.equal(metadata.managedFields[0], entry)
})
