import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { metadataBytes, partialFrame } from './partial-bytes.ts'
import { partialObject } from './partial-object.ts'

const metadata = { name: 'a', annotations: { text: 'a "quote", a \\ and a } ] in "metadata":{', 'ü😀': '\u0000\n' }, finalizers: [] }

const objects: readonly { name: string; object: object }[] = [
  { name: 'metadata behind other members', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata } },
  { name: 'metadata first', object: { metadata, kind: 'ConfigMap' } },
  { name: 'metadata last, behind every type of value', object: { a: null, b: -1.5e30, c: true, d: [], e: {}, f: '', g: [[{}]], metadata } },
  { name: 'other metadata further in', object: { spec: { metadata: { name: 'b' } }, 'metadata"': 1, metadata2: {}, metadata } },
  { name: 'empty metadata', object: { kind: 'X', metadata: {}, spec: {} } },
]

for (const { name, object } of objects) {
  test(`metadataBytes() finds ${name}`, () => {
    const found = metadataBytes(Buffer.from(JSON.stringify(object)))
    assert.equal(found.toString(), JSON.stringify('metadata' in object ? object.metadata : undefined))
  })
}

test('metadataBytes() cuts any metadata out of any object', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.jsonValue(),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (before, value, after) => {
        const object = { ...before, metadata: value, ...after, ...('metadata' in after ? { metadata: value } : {}) }
        assert.equal(metadataBytes(Buffer.from(JSON.stringify(object))).toString(), JSON.stringify(value))
      },
    ),
  )
})

test('metadataBytes() refuses an object without metadata', () => {
  for (const text of ['{}', '{"a":{"metadata":{}}}', '']) assert.throws(() => metadataBytes(Buffer.from(text)), TypeError)
})

test('partialFrame() wraps metadata like partialObject()', () => {
  const { prefix, suffix } = partialFrame('meta.k8s.io/v1')
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
  const text = Buffer.concat([prefix, metadataBytes(Buffer.from(JSON.stringify(object))), suffix]).toString()
  assert.equal(text, JSON.stringify(partialObject(object, 'meta.k8s.io/v1')))
})
