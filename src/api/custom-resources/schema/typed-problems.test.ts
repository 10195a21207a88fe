import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { customTypedProblems } from './typed-problems.ts'

const text: JSONSchemaProps = { type: 'string' }
const keeps = { 'x-kubernetes-preserve-unknown-fields': true }
const object = (properties: Record<string, JSONSchemaProps>, more: object = {}): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
})
const keyed = (keys: string[], properties: Record<string, JSONSchemaProps>): JSONSchemaProps => ({
  ...{ type: 'array', items: object(properties) },
  ...{ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys },
})

const rows: readonly [name: string, spec: JSONSchemaProps, value: unknown, problems: readonly string[]][] = [
  ['a value of its type', object({ a: text }), { a: 'x' }, []],
  ['null of any type', object({ a: text }), { a: null }, []],
  ['a field that is not declared', object({ a: text }), { a: 'x', b: 1 }, ['.spec.b: field not declared in schema']],
  ['of several that are not declared the first', object({ a: text }), { c: 1, b: 1 }, ['.spec.c: field not declared in schema']],
  [
    'other problems of the same object before it',
    object({ a: text }),
    { b: 1, a: 1 },
    ['.spec.a: expected string, got &value.valueUnstructured{Value:1}', '.spec.b: field not declared in schema'],
  ],
  ['anything in an object of which nothing is said', { type: 'object' }, { b: { c: 1 } }, []],
  ['anything where unknown fields are kept', object({ a: text }, keeps), { b: { c: 1 } }, []],
  ['what is kept around counts within', object({ a: object({ b: text }) }, keeps), { a: { c: 1 } }, []],
  ['and in items', object({ a: { type: 'array', items: object({ b: text }) } }, keeps), { a: [{ c: 1 }] }, []],
  [
    'what is kept beside counts nothing',
    object({ a: object({}, keeps), b: object({ c: text }) }),
    { b: { d: 1 } },
    ['.spec.b.d: field not declared in schema'],
  ],
  [
    'types where unknown fields are kept',
    object({ a: text }, keeps),
    { a: true },
    ['.spec.a: expected string, got &value.valueUnstructured{Value:true}'],
  ],
  ['any scalar where a text has a format', object({ a: { ...text, format: 'uri' } }), { a: 1 }, []],
  [
    'no structure where a text has a format',
    object({ a: { ...text, format: 'uri' } }),
    { a: [false] },
    ['.spec.a: expected any scalar, got &{[false]}'],
  ],
  [
    'a text alone where it stands for bytes',
    object({ a: { ...text, format: 'byte' } }),
    { a: 1 },
    ['.spec.a: expected string, got &value.valueUnstructured{Value:1}'],
  ],
  ['an item that is there twice', keyed(['n'], { n: text }), [{ n: 'x' }, { n: 'x' }], ['.spec: duplicate entries for key [n="x"]']],
  [
    'an item without its key, and nothing behind it',
    keyed(['n'], { n: text }),
    [{}, { n: 1 }],
    ['.spec: element 0: associative list with keys has an element that omits key field "n" (and doesn\'t have default value)'],
  ],
  ['a key that has a default', keyed(['n', 'p'], { n: text, p: { ...text, default: 'TCP' } }), [{ n: 'x' }, { n: 'x', p: 'UDP' }], []],
  [
    'a key that is a structure',
    keyed(['n'], { n: text }),
    [{ n: { a: ['b', 1] } }],
    ['.spec[n=a=["b",1]].n: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":[]interface {}{"b", 1}}}'],
  ],
  [
    'metadata of an embedded object',
    object({ a: text }, { 'x-kubernetes-embedded-resource': true }),
    { apiVersion: 1, metadata: { nope: 1 } },
    ['.spec.apiVersion: expected string, got &value.valueUnstructured{Value:1}', '.spec.metadata.nope: field not declared in schema'],
  ],
]
for (const [name, spec, value, problems] of rows) {
  test(`customTypedProblems(): ${name}`, () => {
    assert.deepEqual(customTypedProblems({ metadata: { name: 'n' }, spec: value }, object({ spec })), problems)
  })
}
