import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { resourceReader } from './schema-reader.ts'
import { unknownFields } from './unknown-fields.ts'

const text: JSONSchemaProps = { type: 'string' }
const read = (schema: JSONSchemaProps, value: unknown) => resourceReader(schema)(value, { members: 0, unknown: false })
const inSpec = (spec: JSONSchemaProps): JSONSchemaProps => ({ type: 'object', properties: { spec } })

const rows: readonly [name: string, schema: JSONSchemaProps, value: unknown, result: unknown][] = [
  ['unknown fields go', { type: 'object', properties: { a: text } }, { a: 'x', b: 1 }, { a: 'x' }],
  ['all of an object without a schema goes', { type: 'object' }, { a: { b: 1 } }, {}],
  ['what is not an object stays, for validation to refuse', { type: 'object', properties: { a: text } }, 'x', 'x'],
  ['an object where a text should be is emptied', text, { a: 1 }, {}],
  [
    'preserved fields stay, known ones below them are pruned',
    { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'object', properties: { b: text } } } },
    { a: { b: 'x', c: 1 }, d: { e: 1 } },
    { a: { b: 'x' }, d: { e: 1 } },
  ],
  [
    'values of a map follow their schema',
    { type: 'object', additionalProperties: { type: 'object', properties: { a: text } } },
    { x: { a: 'y', b: 1 } },
    { x: { a: 'y' } },
  ],
  ['any value of a map, but nothing in it', { type: 'object', additionalProperties: true }, { x: { a: 1 }, y: 2 }, { x: {}, y: 2 }],
  [
    'items follow their schema',
    { type: 'array', items: { type: 'object', properties: { a: text } } },
    [{ a: 'x', b: 1 }, 'y'],
    [{ a: 'x' }, 'y'],
  ],
  ['defaults fill what is absent', { type: 'object', properties: { a: { ...text, default: 'x' } } }, {}, { a: 'x' }],
  [
    'defaults apply within defaults',
    { type: 'object', properties: { a: { type: 'object', default: {}, properties: { b: { type: 'integer', default: 1 } } } } },
    {},
    { a: { b: 1 } },
  ],
  [
    'a null that is not allowed is absent',
    { type: 'object', properties: { a: text, b: { ...text, default: 'x' } } },
    { a: null, b: null },
    { b: 'x' },
  ],
  [
    'a null that is allowed stays',
    { type: 'object', properties: { a: { ...text, nullable: true, default: 'x' } } },
    { a: null },
    { a: null },
  ],
  ['nulls in maps', { type: 'object', additionalProperties: { ...text, default: 'x' } }, { a: null }, { a: 'x' }],
  ['nulls in lists stay without a default', { type: 'array', items: text }, [null], [null]],
  [
    'embedded resources keep what says what they are',
    { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { data: text } },
    { apiVersion: 'v1', kind: 'A', metadata: { name: 'x', labels: { a: 'b' } }, data: 'y', other: 1 },
    { apiVersion: 'v1', data: 'y', kind: 'A', metadata: { name: 'x', labels: { a: 'b' } } },
  ],
]
for (const [name, schema, value, result] of rows) {
  test(`resourceReader(): ${name}`, () => assert.deepEqual(read(inSpec(schema), { spec: value }), { spec: result }))
}

test('resourceReader() writes members sorted by name', () => {
  const schema = inSpec({
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: { b: text, a: { ...text, default: 'x' }, d: text },
  })
  assert.equal(JSON.stringify(read(schema, { spec: { d: '1', c: 2, b: '3' } })), '{"spec":{"a":"x","b":"3","c":2,"d":"1"}}')
})

/** A seeded generator, so that a failure is reproducible. */
function generator(seed: number) {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
  const schema = (depth: number): JSONSchemaProps => {
    const kind = depth === 0 ? next(2) : next(5)
    const common: JSONSchemaProps = next(4) === 0 ? { nullable: true } : {}
    if (kind === 0) return { ...common, type: 'string', ...(next(3) === 0 ? { default: 'd' } : {}) }
    if (kind === 1) return { ...common, type: 'integer', ...(next(3) === 0 ? { default: 1 } : {}) }
    if (kind === 2) return { ...common, type: 'array', items: schema(depth - 1) }
    if (kind === 3) return { ...common, type: 'object', additionalProperties: schema(depth - 1) }
    const properties = Object.fromEntries(['a', 'b', 'c'].slice(next(3)).map(name => [name, schema(depth - 1)]))
    return { ...common, type: 'object', properties, ...(next(4) === 0 ? { 'x-kubernetes-preserve-unknown-fields': true } : {}) }
  }
  const value = (depth: number): unknown => {
    const kind = depth === 0 ? next(3) : next(6)
    if (kind === 0) return null
    if (kind === 1) return next(100)
    if (kind === 2) return 's'
    if (kind === 3) return Array.from({ length: next(3) }, () => value(depth - 1))
    return Object.fromEntries(['a', 'b', 'c', 'd'].slice(next(4)).map(name => [name, value(depth - 1)]))
  }
  return { schema, value }
}

test('reading is idempotent, and drops everything unknown', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const { schema, value } = generator(seed)
    const made = inSpec(schema(3))
    const sent = { spec: value(4) }
    const before = JSON.stringify(sent)
    const once = read(made, sent)
    assert.equal(JSON.stringify(sent), before, `seed ${seed}: the value was changed`)
    assert.equal(JSON.stringify(read(made, once)), JSON.stringify(once), `seed ${seed}`)
    assert.deepEqual(unknownFields(once, made), [], `seed ${seed}`)
    const tally = { members: 0, unknown: false }
    resourceReader(made)(sent, tally)
    assert.equal(tally.unknown, unknownFields(sent, made).length > 0, `seed ${seed}: ${before} by ${JSON.stringify(made)}`)
  }
})

test('a null of an apply configuration is kept if validation must report it', () => {
  const open: JSONSchemaProps = { 'x-kubernetes-preserve-unknown-fields': true }
  const schema: JSONSchemaProps = {
    type: 'object',
    required: ['must'],
    properties: { typed: text, either: { 'x-kubernetes-int-or-string': true }, open, must: open, filled: { ...text, default: 'x' } },
  }
  const value = { typed: null, either: null, open: null, must: null, filled: null }
  const applied = resourceReader(schema)(value, { members: 0, unknown: false, keepsNulls: true })
  assert.deepEqual(applied, { typed: null, either: null, must: null, filled: 'x' })
})
