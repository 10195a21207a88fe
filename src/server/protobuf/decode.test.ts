import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import { decodeProtobuf } from './decode.ts'

const field = (number: number, content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}
/** Below 2097152, in three bytes. */
const varint = (value: number) => Buffer.from([(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14])
const message = (apiVersion: string, kind: string, object: Buffer): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])), field(2, object)])

const time = Buffer.from([0x08, 0x80, 0x94, 0xeb, 0xdc, 0x03])
const metadata = Buffer.concat([
  field(1, 'a'),
  field(8, time),
  field(11, Buffer.concat([field(1, 'key'), field(2, 'value')])),
  field(17, Buffer.concat([field(1, 'kubectl'), field(4, time), field(7, field(1, '{"f:data":{}}'))])),
])
const container = Buffer.concat([
  ...[field(1, 'c'), field(2, 'image')],
  field(8, field(1, Buffer.concat([field(1, 'cpu'), field(2, field(1, '100m'))]))),
  field(10, field(1, field(2, Buffer.concat([field(1, '/'), field(2, Buffer.from([0x08, 0x00, 0x10, 0x50]))])))),
])
const pod = message('v1', 'Pod', Buffer.concat([field(1, metadata), field(2, field(2, container))]))
const asked = { group: '', version: 'v1', kind: 'Pod' }

test('decodeProtobuf() decodes a Pod', () => {
  assert.deepEqual(decodeProtobuf(pod, asked), {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: 'a',
      creationTimestamp: '2001-09-09T01:46:40Z',
      labels: Object.assign(Object.create(null), { key: 'value' }),
      managedFields: [{ manager: 'kubectl', time: '2001-09-09T01:46:40Z', fieldsV1: { 'f:data': {} } }],
    },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'image',
          resources: { limits: Object.assign(Object.create(null), { cpu: '100m' }) },
          livenessProbe: { httpGet: { path: '/', port: 80 } },
        },
      ],
    },
  })
})

test('decodeProtobuf() refuses truncated input and fields of another type', () => {
  const short = message('v1', 'Pod', field(1, field(1, 'name')))
  assert.throws(() => decodeProtobuf(short.subarray(0, -1), asked), /unexpected EOF/)
  // A name that is a number.
  const named = message('v1', 'Pod', field(1, Buffer.from([0x08, 0x01])))
  assert.throws(() => decodeProtobuf(named, asked), /another wire type/)
})

test('CVE-2021-3121: decodeProtobuf() answers broken bytes with BadRequest and nothing else, and is through with them at once', () => {
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
  const seen = { read: 0, refused: 0 }
  const began = process.cpuUsage()
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(pod)
    for (let changes = random(3); changes >= 0; changes--) bytes[4 + random(bytes.length - 4)] = random(256)
    const cut = random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes
    try {
      JSON.stringify(decodeProtobuf(cut, asked))
      seen.read++
    } catch (err) {
      assert.ok(isReason(err, 'BadRequest'), `${cut.toString('base64')}: ${err}`)
      seen.refused++
    }
  }
  assert.ok(seen.read > 500 && seen.refused > 500, JSON.stringify(seen))
  assert.ok(process.cpuUsage(began).user < 20_000_000)
  assert.equal(Object.keys(Object.prototype).length, 0)
})

test('decodeProtobuf() refuses more fields than a body may have values, and a raw value that is nested too deeply', () => {
  const items = (count: number) =>
    message('v1', 'Pod', field(2, Buffer.concat(Array.from({ length: count }, () => field(2, Buffer.alloc(0))))))
  assert.throws(() => decodeProtobuf(items(50_001), asked), /more than 50000 values/)
  assert.doesNotThrow(() => decodeProtobuf(items(50_001), asked, 60_000))
  decodeProtobuf(items(40_000), asked)
  const revision = field(2, field(1, Buffer.from('['.repeat(100_000))))
  const kind = { group: 'apps', version: 'v1', kind: 'ControllerRevision' }
  assert.throws(() => decodeProtobuf(message('apps/v1', 'ControllerRevision', revision), kind), /nested deeper than 500 levels/)
})

test('decodeProtobuf() counts all fields: those of the envelope, of times, of map entries and of embedded JSON', () => {
  const configMap = { group: '', version: 'v1', kind: 'ConfigMap' }
  const flood = Buffer.alloc(600_000, Buffer.from([0x78, 0]))
  const nested = (content: Buffer): Buffer => message('v1', 'Pod', field(1, content))
  const values = field(17, field(7, field(1, `[${'0,'.repeat(29_999)}0]`)))
  const floods: Record<string, Buffer> = {
    envelope: Buffer.concat([Buffer.from('k8s\0'), flood]),
    kind: Buffer.concat([Buffer.from('k8s\0'), field(1, flood)]),
    message: message('v1', 'Pod', flood),
    time: nested(field(8, flood)),
    fieldsV1: nested(field(17, field(7, flood))),
    'values of fieldsV1': nested(Buffer.concat([values, values])),
  }
  for (const [where, bytes] of Object.entries(floods)) assert.throws(() => decodeProtobuf(bytes, asked), /more than 50000 values/, where)
  assert.throws(() => decodeProtobuf(message('v1', 'ConfigMap', field(2, flood)), configMap), /more than 50000 values/)
  decodeProtobuf(nested(values), asked)
  // A field for one value counts as one: as many as in JSON.
  const entry = field(2, Buffer.concat([field(1, 'key'), field(2, 'value')]))
  decodeProtobuf(message('v1', 'ConfigMap', Buffer.concat(Array.from({ length: 49_000 }, () => entry))), configMap)
})

test('decodeProtobuf() refuses strings that would be many times longer in JSON', () => {
  const configMap = { group: '', version: 'v1', kind: 'ConfigMap' }
  const data = (...sizes: number[]): Buffer => {
    const texts = sizes.map((size, index) => field(2, Buffer.concat([field(1, `key${index}`), field(2, Buffer.alloc(size, 1))])))
    return message('v1', 'ConfigMap', Buffer.concat(texts))
  }
  assert.throws(() => decodeProtobuf(data(200_000, 62_145), configMap), /more than 262144 control characters/)
  decodeProtobuf(data(200_000, 62_144), configMap)
  decodeProtobuf(data(200_000, 62_145), configMap, Number.POSITIVE_INFINITY)
})

test('decodeProtobuf() reports the expected prefix and the bytes found instead', () => {
  const expected = 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'
  assert.throws(() => decodeProtobuf(Buffer.from('{"a":1}'), { group: '', version: 'v1', kind: 'Pod' }), {
    message: `the object provided is unrecognized (must be of type Pod): ${expected} ({"a":1})`,
  })
})

test('decodeProtobuf() decodes a CustomResourceDefinition, with schemas in place of lists, flags and JSON', () => {
  const string = field(5, 'string')
  const entry = (key: string, value: Buffer) => Buffer.concat([field(1, key), field(2, value)])
  const schema = Buffer.concat([
    field(5, 'object'),
    field(8, field(1, '{"a":1}')),
    Buffer.from([0x49, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]),
    field(20, field(1, '"x"')),
    field(20, field(1, 'null')),
    field(24, field(1, string)),
    field(29, entry('b', field(24, Buffer.concat([field(2, string), field(2, field(5, 'integer'))])))),
    field(30, Buffer.from([0x08, 0x01])),
    field(32, entry('c', field(2, 'd'))),
    field(32, entry('e', field(1, string))),
    field(33, field(2, string)),
    field(44, field(1, 'true')),
  ])
  const version = Buffer.concat([
    field(1, 'v1'),
    Buffer.from([0x10, 0x01, 0x18, 0x01]),
    field(4, field(1, schema)),
    field(9, field(1, '.spec.a')),
  ])
  const kind = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' }
  const read = decodeProtobuf(message('apiextensions.k8s.io/v1', kind.kind, field(2, field(7, version))), kind)
  assert.deepEqual(JSON.parse(JSON.stringify(read)).spec.versions, [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          default: { a: 1 },
          maximum: 1.5,
          enum: ['x', null],
          items: { type: 'string' },
          properties: { b: { items: [{ type: 'string' }, { type: 'integer' }] } },
          additionalProperties: true,
          dependencies: { c: ['d'], e: { type: 'string' } },
          additionalItems: { type: 'string' },
          'x-kubernetes-validations': [{ rule: 'true' }],
        },
      },
      selectableFields: [{ jsonPath: '.spec.a' }],
    },
  ])
})

test('decodeProtobuf() refuses messages that are nested deeper than 200 levels', () => {
  const nested = (levels: number): Buffer => {
    let schema: Buffer = Buffer.alloc(0)
    for (let level = 0; level < levels; level++) schema = field(28, schema)
    return message('apiextensions.k8s.io/v1', kind.kind, field(2, field(7, field(4, field(1, schema)))))
  }
  const kind = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' }
  // The schema of a version is four levels deep.
  decodeProtobuf(nested(196), kind)
  assert.throws(() => decodeProtobuf(nested(197), kind), /exceeded max depth/)
})

test('decodeProtobuf() decodes a map entry without a value as an empty one', () => {
  const kind = { group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview' }
  const entry = field(1, 'key')
  const spec = Buffer.concat([field(5, entry), field(5, Buffer.concat([field(1, 'other'), field(2, Buffer.alloc(0))]))])
  const read = decodeProtobuf(message('authorization.k8s.io/v1', kind.kind, field(2, spec)), kind)
  assert.deepEqual(JSON.parse(JSON.stringify(read)).spec, { extra: { key: [], other: [] } })
})
