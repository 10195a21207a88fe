import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiV3FromV2 } from './openapi-v3-from-v2.ts'

const ref = (prefix: string) => ({ $ref: `#/${prefix}/A` })

test('openApiV3FromV2() converts bodies, parameter types, answers and references', () => {
  const limit = { name: 'limit', in: 'query', description: 'How many.', type: 'integer', uniqueItems: true }
  const post = {
    operationId: 'makeA',
    consumes: ['*/*'],
    produces: ['application/json', 'application/yaml'],
    schemes: ['https'],
    parameters: [limit, { name: 'body', in: 'body', required: true, schema: ref('definitions') }],
    responses: { 200: { description: 'OK', schema: ref('definitions') }, 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': 'post',
  }
  const part = {
    paths: { '/apis/g/v1/as': { post, parameters: [{ ...limit, name: 'pretty' }] } },
    definitions: { A: { properties: { a: ref('definitions') } } },
  }
  const moved = { name: 'limit', in: 'query', description: 'How many.', schema: { type: 'integer', uniqueItems: true } }
  const schema = ref('components/schemas')
  assert.deepEqual(openApiV3FromV2(part, 'wardle'), {
    openapi: '3.0.0',
    info: { title: 'wardle', version: 'unversioned' },
    paths: {
      '/apis/g/v1/as': {
        post: {
          operationId: 'makeA',
          'x-kubernetes-action': 'post',
          parameters: [moved],
          requestBody: { content: { '*/*': { schema } }, required: true },
          responses: {
            200: { description: 'OK', content: { 'application/json': { schema }, 'application/yaml': { schema } } },
            401: { description: 'Unauthorized' },
          },
        },
        parameters: [{ ...moved, name: 'pretty' }],
      },
    },
    components: { schemas: { A: { properties: { a: schema } } } },
  })
})

test('openApiV3FromV2() treats malformed operations, parameters and answers as empty', () => {
  const part = { paths: { '/p': { get: 1, post: { parameters: 'x', responses: [1] }, put: null }, '/q': 'x' }, definitions: {} }
  const empty = { responses: {} }
  assert.deepEqual((openApiV3FromV2(part, '') as { paths: object }).paths, { '/p': { get: empty, post: empty, put: empty }, '/q': {} })
})
