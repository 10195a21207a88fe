import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiPart } from './openapi-part.ts'

const ref = (name: string) => ({ $ref: `#/definitions/${name}` })
const document = {
  paths: {
    '/apis/g/v1/': { get: { responses: { 200: { schema: ref('List') } } } },
    '/apis/g/v1/as': {
      get: { parameters: [{ $ref: '#/parameters/p' }, { $ref: '#/parameters/absent' }], responses: { 200: { schema: ref('A') } } },
    },
    '/apis/g/v10/as': { get: { responses: { 200: { schema: ref('Other') } } } },
  },
  definitions: { A: { properties: { self: ref('A'), b: ref('B'), gone: ref('Absent') } }, B: { type: 'string' }, List: {}, Other: {} },
  parameters: { p: { name: 'p', in: 'query' } },
}

test('openApiPart() contains the paths of one version and all types that they use, with inlined parameters', () => {
  const part = openApiPart(document, 'g', 'v1')
  assert.deepEqual(Object.keys(part?.paths ?? {}), ['/apis/g/v1/', '/apis/g/v1/as'])
  assert.deepEqual(Object.keys(part?.definitions ?? {}), ['A', 'B', 'List'])
  const get = { parameters: [{ name: 'p', in: 'query' }, {}], responses: { 200: { schema: ref('A') } } }
  assert.deepEqual(part?.paths['/apis/g/v1/as'], { get })
})

test('openApiPart() is undefined if the document has nothing of the version, whatever the document is', () => {
  for (const value of [{}, null, [], 'x', { paths: [] }, { paths: { '/apis/g/v2/as': {} } }])
    assert.equal(openApiPart(value, 'g', 'v1'), undefined)
})
