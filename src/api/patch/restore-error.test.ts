import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schemaFor } from '../schema/model.ts'
import { restoreError, unknownFields } from './restore-error.ts'

const typeOf = (group: string, kind: string) => {
  const type = schemaFor(group, 'v1', kind)
  assert.ok(type)
  return type
}

describe('restoreError()', () => {
  const rows: [data: unknown, message: string | undefined][] = [
    [[1, null], undefined],
    [[[]], 'unrecognized type: uint8'],
    [['a'], 'unrecognized type: uint8'],
    [[1.5], 'cannot convert float64 to uint8'],
    [{}, 'cannot restore slice from map'],
  ]
  for (const [data, message] of rows) {
    it(`reports for the bytes ${JSON.stringify(data)}: ${message}`, () =>
      assert.equal(restoreError({ data: { a: data } }, typeOf('', 'Secret')), message))
  }
})

describe('unknownFields()', () => {
  it('names no key of a map, and quotes nothing', () => {
    const schema = { properties: { a: { 'x"y': 1 } } }
    const definition = { spec: { versions: [{}, { schema: { openAPIV3Schema: schema } }] } }
    assert.deepEqual(unknownFields(definition, typeOf('apiextensions.k8s.io', 'CustomResourceDefinition')), [
      'unknown field "spec.versions[1].schema.openAPIV3Schema.properties.x"y"',
    ])
  })
})
