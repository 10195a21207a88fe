import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConfigMap } from '../../types/core-v1.ts'
import { configMap } from './config-map.ts'
import { row, validateNew, validateUpdate } from './new-object.fixture.ts'

const of = (fields: Partial<ConfigMap>): ConfigMap => ({ metadata: { name: 'a', namespace: 'b' }, ...fields })

describe('ConfigMap', () => {
  const rows: readonly (readonly [name: string, object: ConfigMap, errors: readonly string[]])[] = [
    ['accepts text and bytes', of({ data: { 'a.txt': 'x' }, binaryData: { b: 'AA==' } }), []],
    ['refuses a way up', of({ data: { '..': 'x' } }), ['data[..]: Invalid value: "..": must not be \'..\'']],
    [
      'has each key once',
      of({ data: { a: 'x' }, binaryData: { a: '' } }),
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    ['is bounded', of({ data: { a: 'x'.repeat(1024 * 1024 + 1) } }), ['[]: Too long: may not be more than 1048576 bytes']],
  ]
  for (const [name, object, errors] of rows) test(name, () => assert.deepEqual(validateNew(configMap, object).errors, errors))

  test('counts the decoded bytes', () => {
    const binaryData = { a: Buffer.alloc(1024 * 1024).toString('base64') }
    assert.deepEqual(validateNew(configMap, of({ binaryData })).errors, [])
  })

  test('that is immutable stays immutable', () => {
    const old = of({ immutable: true, data: { a: '1' } })
    assert.deepEqual(validateUpdate(configMap, old, object => Object.assign(object, { data: { a: '2' } })).fields, ['data'])
    assert.deepEqual(validateUpdate(configMap, old, object => Object.assign(object, { immutable: false })).fields, ['immutable'])
    assert.deepEqual(validateUpdate(configMap, old, ({ metadata }) => Object.assign(metadata, { labels: { a: 'b' } })).fields, [])
  })

  test('that is immutable distinguishes an empty map from none, and otherwise drops it', () => {
    const empties = { data: {}, binaryData: {} }
    const change = (object: ConfigMap) => Object.assign(object, empties)
    assert.deepEqual(validateUpdate(configMap, of({ immutable: true }), change).fields, ['data', 'binaryData'])
    const { object, fields } = validateUpdate(configMap, of({}), change)
    assert.deepEqual([object, fields], [of({}), []])
    assert.deepEqual(validateNew(configMap, of({ immutable: true, ...empties })).object, of({ immutable: true }))
  })

  test('shows its number of keys', () => assert.equal(row(configMap, of({ data: { a: '' }, binaryData: { b: '' } }))['Data'], 2))
})
