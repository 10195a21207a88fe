import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from '../../field-error.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { validateDefaults } from './definition-defaults.ts'

const at = 'schema.properties[a].default'
const rows: readonly [name: string, schema: JSONSchemaProps, said: string[], isWrong: boolean][] = [
  ['a default of its type', { type: 'integer', format: 'int32', default: 7 }, [], false],
  [
    'a value of another type by the format, known or not',
    { type: 'integer', format: 'int64', default: 1.5 },
    [`${at}: Invalid value: "float64":  in body must be of type int64: "float64"`],
    true,
  ],
  [
    'a value without a format of its own by that of its schema',
    { type: 'string', format: 'nothing-known', default: true },
    [`${at}: Invalid value: "":  in body must be of type nothing-known: ""`],
    true,
  ],
  [
    'a number by the format of a schema without a type',
    { 'x-kubernetes-int-or-string': true, format: 'xx', default: 8 },
    [`${at}: Invalid value: "int64":  in body must be of type xx: "int64"`],
    true,
  ],
  [
    'a number of its format by the type',
    { type: 'string', format: 'int64', default: 8 },
    [`${at}: Invalid value: "integer":  in body must be of type string: "integer"`],
    true,
  ],
  [
    'a value by an enumeration, which is shown as Go writes it',
    { type: 'string', enum: [{ b: '<', a: 1 }, 'x'], default: 'y' },
    [`${at}: Unsupported value: "y": supported values: "{\\"a\\":1,\\"b\\":\\"\\\\u003c\\"}", "x"`],
    true,
  ],
  ['a text of an unknown format', { type: 'string', format: 'nothing-known', default: 'x' }, [], false],
  [
    'an integer that is too large for its format',
    { type: 'integer', format: 'int32', default: 3_000_000_000 },
    [`${at}: Invalid value: "": Checked value must be of type integer with format int32 in `],
    true,
  ],
  ['a number that is too large for its format', { type: 'number', format: 'float', default: -3.4e38 }, [], false],
  [
    'fields that the schema does not name, with which the default is still one for rules',
    { type: 'object', properties: {}, default: { x: 1 } },
    [`${at}: Invalid value: map[string]interface {}{"x":1}: must not have unknown fields`],
    false,
  ],
]
for (const [name, schema, said, isWrong] of rows) {
  test(`validateDefaults() validates ${name}`, () => {
    const wrong = new Set<JSONSchemaProps>()
    assert.deepEqual(validateDefaults({ type: 'object', properties: { a: schema } }, 'schema', wrong).map(formatFieldError), said)
    assert.deepEqual([...wrong], isWrong ? [schema] : [])
  })
}
