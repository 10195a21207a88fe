import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from '../../field-error.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { CustomKind } from '../custom-kind.ts'

const text: JSONSchemaProps = { type: 'string' }
const keyed: JSONSchemaProps = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['k'],
  items: { type: 'object', required: ['k'], properties: { k: text } },
}

/** The problems of an object whose `spec` has a schema. */
function validated(spec: JSONSchemaProps, value: unknown): string[] {
  const schema = (): JSONSchemaProps => ({ type: 'object', properties: { spec } })
  const kind = new CustomKind({ apiVersion: 'example.com/v1', kind: 'Widget', schemaId: 'a', schema })
  const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: value }
  return kind.validateNew(object).map(formatFieldError)
}

const rows: readonly [name: string, spec: JSONSchemaProps, value: unknown, errors: readonly string[]][] = [
  [
    'a number by the format of its field',
    { ...text, format: 'date' },
    5,
    ['spec: Invalid value: "int64": spec in body must be of type date: "int64"'],
  ],
  [
    'a fraction by the format of its field',
    { ...text, format: 'date' },
    0.5,
    ['spec: Invalid value: "float64": spec in body must be of type date: "float64"'],
  ],
  [
    'an object by the format of its field',
    { ...text, format: 'uri' },
    {},
    ['spec: Invalid value: "": spec in body must be of type uri: ""'],
  ],
  ['a list where a text has a format, as upstream', { ...text, format: 'date' }, ['a'], []],
  [
    'a list where the format is unknown',
    { ...text, format: 'unknown' },
    ['a'],
    ['spec: Invalid value: "array": spec in body must be of type string: "array"'],
  ],
  [
    'a number by a format without a type',
    { type: 'integer', anyOf: [{ format: 'date' }] },
    5,
    [
      '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
      'spec: Invalid value: "int64": spec in body must be of type date: "int64"',
    ],
  ],
  [
    'members of an object that has too many',
    { type: 'object', maxProperties: 1, properties: { a: text, b: text } },
    { a: 1, b: 'b' },
    ['spec: Too many: 2: must have at most 1 items', 'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"'],
  ],
  [
    'members of an object that has too few',
    { type: 'object', minProperties: 2, required: ['b'], properties: { a: text } },
    { a: 'a' },
    ['spec: Invalid value: 1: spec in body should have at least 2 properties', 'spec.b: Required value'],
  ],
  [
    'what several alternatives find, once',
    { type: 'object', properties: { a: text }, allOf: [{ required: ['a'] }, { required: ['a'] }] },
    {},
    ['spec.a: Required value', '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf). None validated'],
  ],
  [
    'both ends of a range that no number is in, the lower one first',
    { type: 'integer', minimum: 5, maximum: 1 },
    3,
    [
      'spec: Invalid value: 3: spec in body should be greater than or equal to 5',
      'spec: Invalid value: 3: spec in body should be less than or equal to 1',
    ],
  ],
  [
    'an item of a list with keys that is not an object',
    keyed,
    [{ k: 'a' }, 'b', { k: 'a' }],
    [
      'spec[1]: Invalid value: "string": spec[1] in body must be of type object: "string"',
      'spec[1]: Invalid value: "b": must be an object for an array of list-type map',
    ],
  ],
]
const measured: readonly [name: string, spec: JSONSchemaProps, value: unknown, error: string][] = [
  [
    'a null that the enumeration names',
    { ...text, nullable: true, enum: ['a', null] },
    null,
    'Unsupported value: "null": supported values: "a", "null"',
  ],
  [
    'a number that is no 64-bit integer',
    { type: 'object' },
    1e21,
    'Invalid value: "number": spec in body must be of type object: "number"',
  ],
  ['an integer by the whole part of a bound', { type: 'number', minimum: 1.5 }, 1, ''],
  [
    'a fraction by the whole of a bound',
    { type: 'number', minimum: 1.5 },
    1.25,
    'Invalid value: 1.25: spec in body should be greater than or equal to 1.5',
  ],
  ['an integer by the whole part of a factor', { type: 'number', multipleOf: 2.5 }, 4, ''],
  [
    'an integer by a factor below one',
    { type: 'number', multipleOf: 0.5 },
    3,
    'Invalid value: 0: factor MultipleOf declared for spec must be positive: 0',
  ],
  ['a fraction by a factor below one', { type: 'number', multipleOf: 0.1 }, 0.3, ''],
  ['a quotient that is not exact', { type: 'number', multipleOf: 2 }, 1e21, 'Invalid value: 1e+21: spec in body should be a multiple of 2'],
]
for (const [name, spec, value, error] of measured) {
  test(`validateNew() checks ${name}`, () => assert.deepEqual(validated(spec, value), error === '' ? [] : [`spec: ${error}`]))
}

for (const [name, spec, value, errors] of rows)
  test(`validateNew() validates ${name}`, () => assert.deepEqual(validated(spec, value), errors))

test('more errors than a call can have arguments are reported, each once', () => {
  const allOf = ['b', 'c', 'd', 'd'].map(pattern => ({ pattern }))
  const found = validated({ type: 'array', items: { ...text, allOf } }, Array<string>(45_000).fill('a'))
  // Three patterns and the alternatives themselves.
  assert.equal(found.length, 4 * 45_000)
})
