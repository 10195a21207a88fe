import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageField, partialField, partialOfField, partialOfFieldLength, protobufKind } from './envelope.ts'

const secret = protobufKind('v1', 'Secret')
const metadata = { name: 'a', labels: { x: 'y'.repeat(200) } }

test('partialOfField() cuts the metadata out of a message, wherever it is', () => {
  assert.ok(secret !== undefined)
  const alone = partialField(Buffer.from(JSON.stringify(metadata)))
  for (const object of [{ metadata }, { metadata, immutable: true }, { immutable: true, data: { a: 'AAEC' }, type: 'Opaque', metadata }]) {
    const field = messageField(secret, Buffer.from(JSON.stringify(object)))
    assert.deepEqual(partialOfField(field), alone)
    assert.equal(partialOfFieldLength(field), alone.length)
  }
  assert.deepEqual(partialOfField(messageField(secret, Buffer.from('{"immutable":true}'))), Buffer.from([0x12, 0]))
})

test('protobufKind() knows built-in kinds, and PartialObjectMetadata and Status in each version', () => {
  assert.equal(protobufKind('events.k8s.io/v1', 'Event')?.message, 'events/v1.Event')
  assert.equal(protobufKind('v1', 'Event')?.message, 'core/v1.Event')
  assert.equal(protobufKind('v1', 'Status')?.message, 'meta/v1.Status')
  assert.equal(protobufKind('meta.k8s.io/v1beta1', 'PartialObjectMetadata')?.message, 'meta/v1.PartialObjectMetadata')
  assert.equal(protobufKind('v1', 'Pod')?.begin.toString(), 'k8s\0\n\t\n\x02v1\x12\x03Pod')
  for (const [apiVersion, kind] of [
    ['meta.k8s.io/v1', 'Table'],
    ['example.com/v1', 'Pod'],
    ['v1', 'PodSpec'],
    ['v1', 'constructor'],
    ['', ''],
  ] as const) {
    assert.equal(protobufKind(apiVersion, kind), undefined, kind)
  }
})
