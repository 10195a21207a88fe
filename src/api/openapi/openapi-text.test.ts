import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxLevels, openApiText, type PlacedText, textOf, withFreeNames } from './openapi-text.ts'

const ref = (name: string) => ({ $ref: `#/definitions/${name}` })
const read = ({ text }: PlacedText) => JSON.parse(`{${Buffer.from(text)}}`)
const odd = 'B "ü\\'
const part = {
  paths: { '/apis/g/v1/': { get: { responses: { 200: { schema: ref('List') } } } }, '/apis/g/v1/as': { schema: ref('A') } },
  definitions: {
    A: { properties: { self: ref('A'), b: ref(odd), gone: ref('Absent') }, description: 'says "$ref":"#/definitions/A"' },
    [odd]: { type: 'string' },
    List: {},
  },
}

test('textOf() serializes its input, with another digest for any other content', () => {
  const text = textOf(part)
  assert.deepEqual([read(text.paths), read(text.definitions)], [part.paths, part.definitions])
  assert.deepEqual(text.definitions.names, ['A', odd, 'List'])
  assert.equal(text.v3, undefined)
  assert.match(text.digest, /^[0-9A-F]{128}$/)
  assert.notEqual(textOf({ ...part, definitions: {} }).digest, text.digest)
  assert.deepEqual(read(textOf({ paths: {}, definitions: {} }).definitions), {})
})

test('withFreeNames() renames taken definitions with all references to them, and omits taken paths', () => {
  const text = textOf(part)
  const taken = new Set(['A', 'A_v2', odd, '/apis/g/v1/'])
  const free = withFreeNames(text, name => taken.has(name))
  assert.deepEqual(free.definitions.names, ['A_v3', `${odd}_v2`, 'List'])
  assert.deepEqual(read(free.definitions), {
    A_v3: { ...part.definitions.A, properties: { self: ref('A_v3'), b: ref(`${odd}_v2`), gone: ref('Absent') } },
    [`${odd}_v2`]: { type: 'string' },
    List: {},
  })
  assert.deepEqual(free.paths.names, ['/apis/g/v1/as'])
  assert.deepEqual(read(free.paths), { '/apis/g/v1/as': { schema: ref('A_v3') } })
  assert.equal(withFreeNames(text, () => false).definitions, text.definitions)
})

test('openApiText() extracts one version, as a v3 document on request', () => {
  const body = Buffer.from(JSON.stringify(part))
  const text = openApiText(body, { group: 'g', version: 'v1', withV3: true })
  assert.deepEqual(text?.paths.names, ['/apis/g/v1/', '/apis/g/v1/as'])
  const v3 = JSON.parse(Buffer.from(text?.v3 ?? []).toString())
  assert.deepEqual([v3.info.title, Object.keys(v3.components.schemas)], ['g', ['A', odd, 'List']])
  assert.equal(openApiText(body, { group: 'h', version: 'v1', withV3: true }), undefined)
})

test('openApiText() rejects invalid JSON and too deep nesting', () => {
  const request = { group: 'g', version: 'v1', withV3: false }
  assert.throws(() => openApiText(Buffer.from('{'), request), SyntaxError)
  const deep = Buffer.from('['.repeat(maxLevels + 1) + ']'.repeat(maxLevels + 1))
  assert.throws(() => openApiText(deep, request), /nested deeper than 100 levels/)
})
