import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStructures } from './json-structures.ts'

const shape = { go: 'core.Toleration', texts: ['key', 'value'], numbers: ['tolerationSeconds'] }
const rows: readonly (readonly [text: string, expected: unknown])[] = [
  ['[{"key":"a","tolerationSeconds":3},null,{"value":null}]', [{ key: 'a', tolerationSeconds: 3 }, {}, {}]],
  ['null', []],
  ['', 'unexpected end of JSON input'],
  ['[{"key":}]', "invalid character '}' looking for beginning of value"],
  ['{}', 'json: cannot unmarshal object into Go value of type []core.Toleration'],
  ['[true]', 'json: cannot unmarshal bool into Go value of type core.Toleration'],
  ['[{"key":1}]', 'json: cannot unmarshal number into Go struct field Toleration.key of type string'],
  ['[{"tolerationSeconds":"1"}]', 'json: cannot unmarshal string into Go struct field Toleration.tolerationSeconds of type int64'],
  ['['.repeat(200_000), 'the body is nested deeper than 500 levels'],
]
for (const [text, expected] of rows) {
  test(`readStructures() reads ${text.slice(0, 40) || 'nothing'}`, () => {
    const read = readStructures(text, shape)
    assert.deepEqual(read.ok ? read.items : read.problem, expected)
  })
}
