// Any bytes as protobuf: decoded to a JSON value or refused. Values that the schema accepts survive encoding and decoding.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeValue } from '../../api/schema/decode.ts'
import { schemaFor } from '../../api/schema/model.ts'
import { ApiError } from '../../api/status.ts'
import { parseJson } from '../../base/json.ts'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { joined } from '../http/body-parts.ts'
import { decodeProtobuf } from './decode.ts'
import { envelope, lengthField, messageField, protobufKind } from './envelope.ts'

const kinds = [
  ['v1', 'Pod'],
  ['v1', 'Secret'],
  ['apps/v1', 'Deployment'],
  ['authorization.k8s.io/v1', 'SubjectAccessReview'],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['v1', 'Event'],
] as const

/** More fields than the largest input can have. */
const maxFields = 4096

const varint = fc.oneof(
  fc.nat(300).map(value => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7])),
  fc.constantFrom([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x80], [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x00]),
)
const text = fc.constantFrom('', 'a', '1', '100m', '{"a":1}', '[', 'null', 'é', '2026-01-01T00:00:00Z', '__proto__')

const { message } = fc.letrec<{ message: Buffer; field: Buffer }>(tie => ({
  message: fc.array(tie('field'), { maxLength: 5 }).map(fields => Buffer.concat(fields)),
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    fc.tuple(fc.integer({ min: 1, max: 15 }), varint).map(([number, value]) => Buffer.from([number * 8, ...value])),
    fc.tuple(fc.integer({ min: 1, max: 15 }), text).map(([number, value]) => delimited(number, Buffer.from(value))),
    fc.tuple(fc.integer({ min: 1, max: 15 }), tie('message')).map(([number, content]) => delimited(number, content)),
  ),
}))

function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([lengthField(number, content.length), content])
}

const enveloped = fc.tuple(fc.constantFrom(...kinds), message).map(([[apiVersion, kind], content]) => {
  const known = protobufKind(apiVersion, kind)
  return known === undefined ? content : joined(envelope(known, delimited(2, content)))
})

export const protobuf: FuzzTarget = {
  name: 'protobuf',
  inputs: enveloped,
  words: ['k8s\0', '\n\t\n\u0002v1\u0012\u0003Pod', '\u0012\u0000', '\n\u0001a', '{"a":1}', '100m'],
  run(input) {
    let value: Record<string, unknown> = {}
    if (!succeeds(() => (value = decodeProtobuf(input, { group: '', version: 'v1', kind: 'Pod' }, maxFields)), ApiError)) return
    const json = JSON.stringify(value)
    assert.ok(json.length <= 64 * (input.length + 16), 'the value is in proportion')
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false, 'nothing reaches the prototype of objects')
    const { apiVersion = 'v1', kind = 'Pod' } = value as { apiVersion?: string; kind?: string }
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion]
    const type = schemaFor(group ?? '', version ?? '', kind)
    const known = protobufKind(apiVersion, kind)
    const read = type === undefined ? undefined : decodeValue(parseJson(json), type, 'Ignore')
    if (type === undefined || known === undefined || read?.ok !== true) return
    const written = joined(envelope(known, messageField(known, Buffer.from(JSON.stringify(read.object)))))
    const again = decodeValue(decodeProtobuf(written, { group: '', version: 'v1', kind: 'Pod' }, 2 * maxFields), type, 'Ignore')
    assert.ok(again.ok)
    assert.deepEqual({ ...again.object, kind, apiVersion }, { ...read.object, kind, apiVersion })
  },
}
