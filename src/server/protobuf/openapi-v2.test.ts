import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiV2Document } from '../../api/openapi/openapi.ts'
import { resources } from '../../api/resources/index.ts'
import { acceptsOpenApiProtobuf, openApiV2Protobuf } from './openapi-v2.ts'
import { type Reader, readerOf, Tally } from './wire.ts'

const unbounded = new Tally(Number.POSITIVE_INFINITY)

/** The fields of a number, in order. */
function fieldsOf(bytes: Buffer, wanted: number): Reader[] {
  const found: Reader[] = []
  readerOf(bytes, unbounded).fields((number, field) => {
    if (number === wanted) found.push(field)
  })
  return found
}

/** Follows numbers down to the bytes of the first field of each. */
function at(bytes: Buffer, ...numbers: number[]): Buffer {
  return numbers.reduce((inner, number) => fieldsOf(inner, number)[0]?.bytes() ?? Buffer.alloc(0), bytes)
}

test('openApiV2Protobuf() numbers fields as gnostic does', () => {
  const bytes = openApiV2Protobuf({
    swagger: '2.0',
    info: { title: 'T', version: 'v1' },
    paths: {
      '/api/v1/pods/{name}': {
        patch: {
          operationId: 'patch',
          parameters: [{ name: 'fieldValidation', in: 'query', type: 'string', uniqueItems: true }, { $ref: '#/parameters/force' }],
          responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Pod' } } },
          'x-kubernetes-group-version-kind': { group: '', kind: 'Pod', version: 'v1' },
        },
        parameters: [{ name: 'name', in: 'path', required: true, type: 'string' }],
      },
    },
    definitions: { Pod: { type: 'object', properties: { spec: { type: 'array', items: { type: 'string' } } }, required: ['spec'] } },
    parameters: { force: { name: 'force', in: 'query', type: 'boolean', uniqueItems: true, description: 'D' } },
  })
  assert.equal(at(bytes, 1).toString(), '2.0')
  assert.equal(at(bytes, 2, 2).toString(), 'v1')
  assert.equal(at(bytes, 8, 2, 1).toString(), '/api/v1/pods/{name}')
  const patch = at(bytes, 8, 2, 2, 8)
  assert.equal(at(patch, 8, 1, 2, 3, 4).toString(), 'fieldValidation')
  assert.equal(at(patch, 9, 1, 1).toString(), '200')
  assert.equal(at(patch, 9, 1, 2, 1, 2, 1, 1).toString(), '#/definitions/Pod')
  assert.equal(at(patch, 13, 1).toString(), 'x-kubernetes-group-version-kind')
  assert.equal(at(patch, 13, 2, 2).toString(), '{"group":"","kind":"Pod","version":"v1"}')
  assert.equal(at(bytes, 8, 2, 2, 9, 1, 2, 4, 4).toString(), 'name')
  const [, shared] = fieldsOf(patch, 8)
  assert.equal(at(shared?.bytes() ?? Buffer.alloc(0), 2, 1).toString(), '#/parameters/force')
  assert.equal(at(bytes, 10, 1, 1).toString(), 'force')
  assert.equal(at(bytes, 10, 1, 2, 2, 3, 3).toString(), 'D')
  const pod = at(bytes, 9, 1, 2)
  assert.equal(at(pod, 22, 1).toString(), 'object')
  assert.equal(at(pod, 25, 1, 1).toString(), 'spec')
  assert.equal(at(pod, 25, 1, 2, 23, 1, 22, 1).toString(), 'string')
  assert.equal(at(pod, 19).toString(), 'spec')
})

test('openApiV2Protobuf() encodes the whole document of the built-in kinds', () => {
  const document = openApiV2Document({ resources, version: 'v1.33.0' })
  const bytes = openApiV2Protobuf(document)
  assert.equal(fieldsOf(at(bytes, 9), 1).length, Object.keys(Object(document).definitions).length)
  assert.equal(fieldsOf(at(bytes, 8), 2).length, Object.keys(Object(document).paths).length)
})

test('openApiV2Protobuf() throws on a member that it has no field for', () => {
  assert.throws(() => openApiV2Protobuf({ swagger: '2.0', paths: {}, surprise: 1 }), /member "surprise"/)
})

test('acceptsOpenApiProtobuf() knows both spellings, alone and in a list', () => {
  assert.equal(acceptsOpenApiProtobuf('application/com.github.proto-openapi.spec.v2@v1.0+protobuf'), true)
  assert.equal(acceptsOpenApiProtobuf('application/json, application/com.github.proto-openapi.spec.v2.v1.0+protobuf;q=0.5'), true)
  assert.equal(acceptsOpenApiProtobuf('application/json'), false)
  assert.equal(acceptsOpenApiProtobuf(undefined), false)
})
