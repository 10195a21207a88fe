import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { ApiError } from '../status.ts'
import { decodeBody, decodeValue, maxDepth, parseDocument, parseJsonBytes } from './decode.ts'
import { schemaFor } from './model.ts'

const configMap = { group: '', version: 'v1', kind: 'ConfigMap' }
const pod = { group: '', version: 'v1', kind: 'Pod' }
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' }

const bytes = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
const decodeYaml = (text: string) => decodeBody(bytes(text), configMap, 'Strict', parseDocument(bytes(text), 'application/yaml'))
const messageOf = (run: () => unknown): string => {
  try {
    run()
  } catch (err) {
    if (err instanceof ApiError && err.status.code === 400) return err.message
    throw err
  }
  return 'accepted'
}

describe('decodeBody()', () => {
  it('orders fields as Go does, drops zero values and prints structs', () => {
    const body = {
      spec: { containers: [{ image: 'i', name: 'c', args: [], stdin: false }], hostNetwork: false, nodeName: '' },
      metadata: { labels: {}, name: 'a' },
      apiVersion: 'v1',
      kind: 'Pod',
    }
    assert.equal(
      JSON.stringify(decodeBody(bytes(body), pod, 'Strict').object),
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]},"status":{}}',
    )
  })

  it('keeps empty values where the kind distinguishes them from none', () => {
    const storageClass = { group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass' }
    const { object } = decodeBody(bytes({ provisioner: 'p', parameters: {}, mountOptions: [] }), storageClass, 'Strict')
    assert.equal(
      JSON.stringify(object),
      '{"kind":"StorageClass","apiVersion":"storage.k8s.io/v1","metadata":{},"provisioner":"p","parameters":{}}',
    )
  })

  it('takes kind and apiVersion from the path if the body has none', () => {
    assert.deepEqual(decodeBody(bytes({ metadata: { name: 'a' } }), configMap, 'Strict').object, {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a' },
    })
  })

  it('writes quantities and times in canonical form', () => {
    const body = {
      metadata: { name: 'a', deletionTimestamp: '2024-02-29T01:30:00.5+01:00', creationTimestamp: null },
      spec: { containers: [{ name: 'c', resources: { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } } }] },
    }
    const object = decodeBody(bytes(body), pod, 'Strict').object
    assert.equal(JSON.stringify(object.metadata), '{"name":"a","deletionTimestamp":"2024-02-29T00:30:00Z"}')
    assert.match(JSON.stringify(object), /"resources":\{"limits":\{"cpu":"500m","memory":"1Gi"\},"requests":\{"cpu":"1"\}\}/)
  })

  it('keeps pointers to zero values', () => {
    const { object } = decodeBody(bytes({ metadata: {}, spec: { replicas: 0, selector: {}, template: {} } }), deployment, 'Strict')
    assert.match(
      JSON.stringify(object),
      /"spec":\{"replicas":0,"selector":\{\},"template":\{"metadata":\{\},"spec":\{"containers":\[\]\}\},"strategy":\{\}\}/,
    )
  })

  it('reads half of a surrogate pair as Go does', () =>
    assert.deepEqual(decodeBody(bytes('{"metadata":{"name":"\\uD800"},"data":{"\\ud83d":"\\ud83d\\ude00"}}'), configMap, 'Strict').object, {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: '\ufffd' },
      data: { '\ufffd': '\u{1f600}' },
    }))

  it('treats null as absent, in lists and maps as the zero value', () => {
    const body = '{"metadata":{"name":null,"labels":{"a":null}},"spec":{"containers":[null],"nodeName":null}}'
    const { object } = decodeBody(bytes(body), pod, 'Strict')
    assert.equal(
      JSON.stringify(object),
      '{"kind":"Pod","apiVersion":"v1","metadata":{"labels":{"a":""}},"spec":{"containers":[{"name":"","resources":{}}]},"status":{}}',
    )
  })

  const typeErrors: [name: string, kind: typeof pod, body: unknown, message: string][] = [
    [
      'a string for a number',
      deployment,
      { spec: { replicas: '1' } },
      'cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a number out of range',
      deployment,
      { spec: { replicas: 3000000000 } },
      'cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a fraction',
      deployment,
      '{"spec":{"replicas":1.0}}',
      'cannot unmarshal number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'an exponent',
      deployment,
      '{"spec":{"replicas":1e1}}',
      'cannot unmarshal number 1e1 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a named string',
      pod,
      { spec: { dnsPolicy: 1 } },
      'cannot unmarshal number into Go struct field PodSpec.spec.dnsPolicy of type v1.DNSPolicy',
    ],
    [
      'an element of a list',
      pod,
      { spec: { containers: ['x'] } },
      'cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container',
    ],
    [
      'a list',
      pod,
      { spec: { containers: {} } },
      'cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    ['a value of a map', configMap, { data: { a: true } }, 'cannot unmarshal bool into Go struct field ConfigMap.data of type string'],
    [
      'the first of two',
      configMap,
      '{"data":[],"immutable":"x"}',
      'cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string',
    ],
    [
      'a map of bytes',
      configMap,
      { binaryData: 'x' },
      'cannot unmarshal string into Go struct field ConfigMap.binaryData of type map[string][]uint8',
    ],
    [
      'int or string',
      pod,
      { spec: { containers: [{ livenessProbe: { httpGet: { port: 1.5 } } }] } },
      'cannot unmarshal number 1.5 into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32',
    ],
    [
      'a time that is no string',
      pod,
      { metadata: { deletionTimestamp: 1 } },
      'cannot unmarshal number into Go struct field ObjectMeta.metadata.deletionTimestamp of type string',
    ],
  ]
  for (const [name, kind, body, message] of typeErrors) {
    it(`reports a wrong type: ${name}`, () => {
      const handled = `${kind.kind} in version "v1" cannot be handled as a ${kind.kind}: json: `
      for (const fieldValidation of ['Strict', 'Warn', 'Ignore'] as const) {
        assert.equal(
          messageOf(() => decodeBody(bytes(body), kind, fieldValidation)),
          handled + message,
        )
      }
    })
  }

  const ownErrors: [body: unknown, message: string][] = [
    [
      { spec: { containers: [{ resources: { limits: { cpu: 'x' } } }] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ metadata: { deletionTimestamp: 'now' } }, 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
    // An error of a type with its own decoder wins over earlier type errors.
    [{ metadata: { name: 1, deletionTimestamp: '' } }, 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
  ]
  for (const [body, message] of ownErrors) {
    it(`passes on: ${message}`, () => {
      assert.equal(
        messageOf(() => decodeBody(bytes(body), pod, 'Strict')),
        `Pod in version "v1" cannot be handled as a Pod: ${message}`,
      )
    })
  }

  it('reports where base64 is invalid', () => {
    const at = (text: string): string =>
      messageOf(() => decodeBody(bytes({ binaryData: { a: text } }), configMap, 'Strict')).replace(/.*: /, '')
    assert.equal(at('not base64'), 'illegal base64 data at input byte 3')
    assert.equal(at('YQ'), 'illegal base64 data at input byte 0')
    assert.equal(at('YWE=x'), 'illegal base64 data at input byte 4')
    assert.equal(at('YQ=a'), 'illegal base64 data at input byte 2')
    assert.equal(at('YQ==\n'), 'accepted')
  })

  describe('with unknown and duplicate fields', () => {
    const body =
      '{"spec":{"foo":1,"containers":[{"name":"a","bar":{"deep":1},"name":"b"}]},"kind":"Pod","kind":"Pod","metadata":{"labels":{"a":"1","a":"2"}}}'
    const errors = [
      'unknown field "spec.foo"',
      'unknown field "spec.containers[0].bar"',
      'duplicate field "spec.containers[0].name"',
      'duplicate field "kind"',
      'duplicate field "metadata.labels.a"',
    ]
    it('rejects all of them under Strict', () => {
      assert.equal(
        messageOf(() => decodeBody(bytes(body), pod, 'Strict')),
        `Pod in version "v1" cannot be handled as a Pod: strict decoding error: ${errors.join(', ')}`,
      )
    })
    it('warns about them under Warn and drops them', () => {
      const decoded = decodeBody(bytes(body), pod, 'Warn')
      assert.deepEqual(decoded.warnings, errors)
      assert.doesNotMatch(JSON.stringify(decoded.object), /foo|bar/)
    })
    it('is silent under Ignore', () => assert.deepEqual(decodeBody(bytes(body), pod, 'Ignore').warnings, []))
    it('matches names case-sensitively', () => {
      assert.match(
        messageOf(() => decodeBody(bytes({ Spec: {} }), pod, 'Strict')),
        /unknown field "Spec"$/,
      )
    })
    it('lists at most a hundred', () => {
      const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`x${index}`, 1]))
      assert.equal(decodeBody(bytes(many), pod, 'Warn').warnings.length, 100)
    })
  })

  describe('with a body that is no such object', () => {
    const head = "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
    const table: [body: string, message: string][] = [
      ['{"a":}', `${head}invalid character '}' looking for beginning of value ({"a":})`],
      ['', `${head}unexpected end of JSON input (<empty>)`],
      ['{"a":1', `${head}unexpected end of JSON input ({"a":1)`],
      ['{} x', `${head}invalid character 'x' after top-level value ({} x)`],
      [
        '[]',
        `${head}json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)`,
      ],
      ['{"kind":1}', `${head}json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`],
      [
        '{"kind":"Foo"}',
        'Foo in version "v1" cannot be handled as a Pod: no kind "Foo" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
      ],
      [
        '{"kind":"ConfigMap"}',
        'ConfigMap in version "v1" cannot be handled as a Pod: converting (v1.ConfigMap) to (core.Pod): unknown conversion',
      ],
    ]
    for (const [body, message] of table)
      it(JSON.stringify(body), () =>
        assert.equal(
          messageOf(() => decodeBody(bytes(body), pod, 'Strict')),
          message,
        ),
      )

    it('of another version of the same kind', () => {
      const event = { group: '', version: 'v1', kind: 'Event' }
      assert.equal(
        messageOf(() => decodeBody(bytes({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }), event, 'Strict')),
        'the API version in the data (events.k8s.io/v1) does not match the expected API version (v1)',
      )
    })

    it('rejects deep nesting before parsing', () => {
      const deep = `${'{"a":'.repeat(maxDepth + 1)}1${'}'.repeat(maxDepth + 1)}`
      assert.equal(
        messageOf(() => decodeBody(bytes(deep), pod, 'Ignore')),
        `the body is nested deeper than ${maxDepth} levels`,
      )
    })
  })

  it('keeps __proto__ an ordinary key', () => {
    const { object } = decodeBody(bytes('{"data":{"__proto__":"x","constructor":"y"}}'), configMap, 'Strict')
    assert.equal(JSON.stringify(object), '{"kind":"ConfigMap","apiVersion":"v1","metadata":{},"data":{"__proto__":"x","constructor":"y"}}')
    assert.equal(Object.getPrototypeOf(object), Object.prototype)
    assert.match(
      messageOf(() => decodeBody(bytes('{"__proto__":{"metadata":{}}}'), configMap, 'Strict')),
      /unknown field "__proto__"$/,
    )
  })

  it('reads escaped names right after a body with the same text as a name', () => {
    const before = decodeBody(bytes(String.raw`{"data":{"f:first":"","k:{\\\"name\\\":\\\"":""}}`), configMap, 'Strict')
    const fieldsV1 = { 'f:first': {}, 'k:{"name":"x"}': {} }
    const { object } = decodeBody(bytes({ metadata: { managedFields: [{ fieldsV1 }] } }), pod, 'Strict')
    assert.deepEqual(object.metadata.managedFields?.[0]?.fieldsV1, fieldsV1)
    assert.deepEqual(before.object, { kind: 'ConfigMap', apiVersion: 'v1', metadata: {}, data: { 'f:first': '', 'k:{\\"name\\":\\"': '' } })
  })

  it('reads YAML', () => {
    const { object } = decodeYaml('metadata: {name: a}\ndata:\n  x: "1"\n')
    assert.equal(JSON.stringify(object), '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"x":"1"}}')
    assert.match(
      messageOf(() => decodeYaml('a: [1')),
      /^the object provided is unrecognized \(must be of type ConfigMap\): yaml: line 1: .* \(613a205b31\)$/,
    )
    const latin1 = Buffer.from('data: {a: \xe9, b: c}', 'latin1')
    assert.match(
      messageOf(() => decodeBody(latin1, configMap, 'Ignore', parseDocument(latin1, 'application/yaml'))),
      /: yaml: invalid trailing UTF-8 octet \(/,
    )
  })

  it('reports YAML errors sorted by name', () => {
    assert.match(
      messageOf(() => decodeYaml('z: 1\nmetadata: {x: 1, b: 2}\na: 1\n')),
      /: strict decoding error: unknown field "a", unknown field "metadata.b", unknown field "metadata.x", unknown field "z"$/,
    )
    assert.match(
      messageOf(() => decodeYaml('metadata: {name: [1]}\ndata: 1\n')),
      /: json: cannot unmarshal number into Go struct field ConfigMap.data of type map\[string\]string$/,
    )
  })

  it('reads schemas of custom resources, which contain themselves', () => {
    const crd = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' }
    const version = (schema: unknown): unknown => ({ spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] } })
    const schema = {
      type: 'object',
      properties: { a: { items: { type: 'string' }, additionalProperties: true, default: { x: [1] }, maximum: 1.5 } },
    }
    assert.match(
      JSON.stringify(decodeBody(bytes(version(schema)), crd, 'Strict').object),
      /"default":\{"x":\[1\]\},"maximum":1.5,"items":\{"type":"string"\},"additionalProperties":true/,
    )
    assert.match(
      messageOf(() => decodeBody(bytes(version({ additionalProperties: 1 })), crd, 'Strict')),
      /boolean or JSON schema expected$/,
    )
    assert.match(
      messageOf(() => decodeBody(bytes(version({ items: { type: 1 } })), crd, 'Strict')),
      /cannot unmarshal number into Go struct field JSONSchemaProps\.\S+\.items of type string$/,
    )
  })
})

describe('decodeValue()', () => {
  it('does not modify its argument', () => {
    const type = schemaFor('', 'v1', 'Pod')
    assert.ok(type)
    const value = Object.freeze({ spec: Object.freeze({ containers: Object.freeze([Object.freeze({ name: 'a', foo: 1 })]) }) })
    const decoded = decodeValue(value, type, 'Warn')
    assert.ok(decoded.ok)
    assert.deepEqual(decoded.strictErrors, ['unknown field "spec.containers[0].foo"'])
  })
})

test('CVE-2026-21717: parseJsonBytes() rejects more values than a body may have, whatever contains them', () => {
  const refusal = { ok: false, syntax: false, message: 'the body has more than 50000 values' }
  for (const text of [`[${'1,'.repeat(50_000)}1]`, `[${'{},'.repeat(30_000)}{}]`, `{"a":[${'[],'.repeat(30_000)}[]]}`])
    assert.deepEqual(parseJsonBytes(Buffer.from(text)), refusal)
  assert.equal(parseJsonBytes(Buffer.from(`[${'1,'.repeat(50_000)}1]`), Number.POSITIVE_INFINITY).ok, true)
  assert.equal(parseJsonBytes(Buffer.from(`{"a":"${','.repeat(60_000)}"}`)).ok, true)
})

test('a value of a body is not serialized again at each level above it', () => {
  let written = 0
  const value = { metadata: {}, data: { a: [[[[{ toJSON: () => written++ }]]]] } }
  const type = schemaFor('', 'v1', 'ConfigMap')
  assert.ok(type !== undefined)
  assert.equal(decodeValue(value, type, 'Strict').ok, false)
  assert.equal(written, 0)
})

test('parseJsonBytes() refuses a number beyond the range of 64-bit floats, which would be written as null', () => {
  for (const number of ['1e999', '-1E400', '9'.repeat(310)]) {
    const shown = number.length > 40 ? `${number.slice(0, 40)}…` : number
    const message = `json: cannot unmarshal number ${shown} into Go value of type float64`
    assert.deepEqual(parseJsonBytes(Buffer.from(`{"spec":{"list":[1,${number}]}}`)), { ok: false, syntax: false, message })
  }
  assert.equal(parseJsonBytes(Buffer.from('{"a":1e308,"b":"1e999"}')).ok, true)
})
