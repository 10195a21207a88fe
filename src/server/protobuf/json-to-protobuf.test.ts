import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinKinds, type SchemaType, type StructType, schemaFor } from '../../api/schema/model.ts'
import { parseJson } from '../../base/json.ts'
import { joined } from '../http/body-parts.ts'
import { decodeProtobuf } from './decode.ts'
import { envelope, messageField, protobufKind } from './envelope.ts'
import { fieldOfJson } from './json-to-protobuf.ts'

/** A value of the type with all that it may have; schemas within schemas end after some levels. */
function filled(type: SchemaType, name: string, depth: number): unknown {
  switch (type.kind) {
    case 'string':
      // The window of metrics-server is the only duration in text form.
      return name === 'window' ? '15.003s' : `é"\\\n\u0001😀 ${name}`
    case 'bool':
      return true
    case 'int32':
      return -5
    case 'int64':
    case 'uint32':
      return 2 ** 40 + 1
    case 'float64':
      return -1.5
    case 'bytes':
      return 'AAEC/w=='
    case 'time':
      return '1969-12-31T23:59:58Z'
    case 'microtime':
      return '2026-01-02T03:04:05.000678Z'
    case 'quantity':
      return '1500m'
    case 'intOrString':
      return name.length % 2 === 0 ? -7 : 'http'
    case 'raw':
      return { a: [1, null, '"}]'], 'b"': {} }
    case 'schemaOrBool':
      return name.length % 2 === 0 ? false : { type: 'string' }
    case 'schemaOrArray':
      return [{ type: 'string' }, {}]
    case 'schemaOrStrings':
      return ['a', '']
    case 'list':
      return [filled(type.item, name, depth), filled(type.item, `${name}2`, depth)]
    case 'map':
      return { 'a.b/c': filled(type.item, name, depth), 'é"': filled(type.item, `${name}2`, depth) }
    case 'struct':
      return filledStruct(type, depth + 1)
  }
}

function filledStruct(type: StructType, depth: number): Record<string, unknown> {
  if (depth > 12) return {}
  // Only the envelope contains the kind; embedded objects have none.
  const fields = type.fields.filter(({ name }) => !(type.isKind && (name === 'kind' || name === 'apiVersion')))
  return Object.fromEntries(fields.map(({ name, type: of }) => [name, filled(of, name, depth)]))
}

function roundTrip(apiVersion: string, kind: string, value: object): unknown {
  const known = protobufKind(apiVersion, kind)
  assert.ok(known !== undefined)
  const bytes = joined(envelope(known, messageField(known, Buffer.from(JSON.stringify(value)))))
  return parseJson(JSON.stringify(decodeProtobuf(bytes, { group: '', version: '', kind: '' }, Number.POSITIVE_INFINITY)))
}

for (const { group, version, kind } of builtinKinds()) {
  const type = schemaFor(group, version, kind)
  const apiVersion = group === '' ? version : `${group}/${version}`
  if (type === undefined || protobufKind(apiVersion, kind) === undefined) continue
  test(`every field of ${apiVersion} ${kind} comes back from protobuf`, () => {
    const value = { ...filledStruct(type, type.key.startsWith('apiextensions') ? 8 : 0), kind, apiVersion }
    assert.deepEqual(roundTrip(apiVersion, kind, value), value)
  })
}

test('an empty object and members that are not fields are empty in protobuf', () => {
  assert.deepEqual(fieldOfJson(0x12, 'core/v1.Pod', Buffer.from('{}')), Buffer.from([0x12, 0]))
  const odd = '{"kind":"Pod","":1,"\\u0061":{"}":["]"]},"metadata":{"creationTimestamp":null,"labels":{}},"nothing":[{"a":"\\""}]}'
  assert.deepEqual(fieldOfJson(0x12, 'core/v1.Pod', Buffer.from(odd)), Buffer.from([0x12, 2, 0x0a, 0]))
})

test('strings and messages of any size have the right length', () => {
  for (const size of [0, 1, 125, 126, 127, 128, 129, 130, 16_382, 16_383, 16_384, 2_097_151, 2_097_152]) {
    for (const end of ['', '"', 'é\\']) {
      const value = { kind: 'ConfigMap', apiVersion: 'v1', data: { a: 'x'.repeat(size) + end, b: `${end}y` } }
      assert.deepEqual(roundTrip('v1', 'ConfigMap', value), value, `${size} ${end}`)
    }
  }
})

test('every character that JSON writes with an escape comes back', () => {
  const text = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).join('')
  const value = { kind: 'ConfigMap', apiVersion: 'v1', data: { [text]: text, short: text.slice(0, 40) } }
  assert.deepEqual(roundTrip('v1', 'ConfigMap', value), value)
  const slash = Buffer.from('{"data":{"a":"\\/"}}')
  assert.ok(fieldOfJson(0x12, 'core/v1.ConfigMap', slash).toString().endsWith('\u0001/'))
})

test("a lone surrogate becomes Go's replacement, and an escaped pair its character", () => {
  const read = (json: string) =>
    fieldOfJson(0x12, 'meta/v1.Verbs', Buffer.from(`{"items":[${json}]}`))
      .subarray(4)
      .toString()
  assert.equal(read('"\\ud83d"'), '\ufffd')
  assert.equal(read('"\\udc00x"'), '\ufffdx')
  assert.equal(read('"\\ud83d\\ude00!"'), '😀!')
  assert.equal(read('"\\ud83d\\u0041"'), '\ufffdA')
})

test('an escape is decoded without creating a string: an object may have a million', () => {
  const texts = '\u0001\u001f\ud800\udc00 \udbff '
  const json = Buffer.from(JSON.stringify({ data: { a: texts.repeat(100) } }))
  const expected = fieldOfJson(10, 'core/v1.ConfigMap', json)
  let strings = 0
  json.toString = () => {
    strings++
    return ''
  }
  assert.deepEqual(fieldOfJson(10, 'core/v1.ConfigMap', json), expected)
  assert.equal(strings, 0)
})

test('JSON of another kind is a bug of the server and throws', () => {
  for (const json of ['', '{', '{"metadata":', '{"metadata":{"name":"a}', '[]', '{"metadata":[]}', '{"spec":{"containers":{}}}', '{} ']) {
    assert.throws(() => fieldOfJson(0x12, 'core/v1.Pod', Buffer.from(json)), /no canonical JSON/, json)
  }
})

test('inline messages with adjacent members are written once', () => {
  const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
  const bytes = fieldOfJson(
    0x12,
    'admissionregistration/v1.NamedRuleWithOperations',
    Buffer.from(JSON.stringify({ resourceNames: ['a'], ...rule })),
  )
  // resourceNames (1) and ruleWithOperations (2), which has operations (1) and rule (2), which has the rest.
  const inner = '\n\0\x12\x02v1\x1a\x04pods'
  const outer = `\n\x06CREATE\x12${String.fromCharCode(inner.length)}${inner}`
  assert.equal(bytes.subarray(2).toString(), `\n\x01a\x12${String.fromCharCode(outer.length)}${outer}`)
})
