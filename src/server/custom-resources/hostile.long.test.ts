import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import { TestServer } from '../testing.ts'
import { crds, install, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const text: JSONSchemaProps = { type: 'string' }
const withSpec = (spec: JSONSchemaProps) =>
  widgetDefinition({ version: { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } } })

test('a definition of a megabyte is served', async () => {
  await using api = new TestServer()
  const properties = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`field${i}`, { ...text, description: `Field ${i} of very many, ${'x'.repeat(40)}` }]),
  )
  const definition = withSpec({ type: 'object', properties })
  assert.ok(JSON.stringify(definition).length > 1_000_000)
  await install(api, definition)
  const { json } = await api.request('POST', widgets, widget('a', { field9999: 'x', field10000: 'y' }))
  assert.deepEqual(json.spec, { field9999: 'x' })
  const document = await api.get('/openapi/v3/apis/example.com/v1')
  assert.match(document.json.components.schemas['com.example.v1.Widget'].properties.spec.properties.field7.description, /^Field 7 /)
})

test('a hundred definitions are established, listed in discovery, and deleted', async () => {
  await using api = new TestServer()
  const names = Array.from({ length: 100 }, (_, i) => `w${i}s`)
  await Promise.all(names.map((plural, i) => install(api, widgetDefinition({ plural, kind: `W${i}` }))))
  const { json } = await api.get('/apis/example.com/v1')
  assert.equal(json.resources.length, 100)
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const discovery = await api.get('/apis', { accept })
  const group = discovery.json.items.find((item: { metadata: { name: string } }) => item.metadata.name === 'example.com')
  assert.equal(group.versions[0].resources.length, 100)
})

const nested = (depth: number): JSONSchemaProps => (depth === 0 ? text : { type: 'object', properties: { a: nested(depth - 1) } })

const refusedSchemas: readonly [name: string, schema: JSONSchemaProps, message: RegExp][] = [
  ['refers to itself', { type: 'object', properties: { a: { $ref: '#' } } }, /\$ref: Forbidden: \$ref is not supported/],
  ['is deeper than it may be', nested(210), /Forbidden: schemas may not be nested more than 200 levels deep/],
  ['has no type', { properties: { a: {} } }, /Required value: must not be empty for specified object fields/],
  [
    'has an invalid pattern',
    { type: 'object', properties: { a: { ...text, pattern: '(' } } },
    /pattern: Invalid value: "\(": must be a valid regular expression/,
  ],
  [
    'has a default of another type',
    { type: 'object', properties: { a: { type: 'object', default: { b: 'x' }, properties: { b: { type: 'integer' } } } } },
    /properties\[a\]\.default\.b: Invalid value: "string": b in body must be of type integer: "string"/,
  ],
  [
    'has a default with unknown fields',
    { type: 'object', properties: { a: { type: 'object', default: { c: 1 }, properties: { b: { type: 'integer' } } } } },
    /properties\[a\]\.default: Invalid value: map\[string\]interface \{\}\{"c":1\}: must not have unknown fields/,
  ],
  [
    'has more rules than can be compiled',
    { type: 'object', 'x-kubernetes-validations': Array.from({ length: 5001 }, () => ({ rule: 'true' })) },
    /schemas may not have more than 5000 rules, found 5001/,
  ],
]
for (const [name, schema, message] of refusedSchemas) {
  test(`a schema that ${name} is refused`, async () => {
    await using api = new TestServer()
    const { status, json } = await api.request('POST', crds, withSpec(schema))
    assert.equal(status, 422)
    assert.match(json.message, message)
  })
}

test('a contradictory schema refuses everything, with a reason', async () => {
  await using api = new TestServer()
  await install(api, withSpec({ type: 'object', properties: { a: { type: 'integer', allOf: [{ minimum: 5 }, { maximum: 4 }] } } }))
  const { status, json } = await api.request('POST', widgets, widget('a', { a: 5 }))
  assert.equal(status, 422)
  assert.match(json.message, /spec\.a in body should be less than or equal to 4.*"spec\.a" must validate all the schemas \(allOf\)/)
  assert.equal((await api.request('POST', widgets, widget('b', {}))).status, 201)
})

test('case 96: a pattern that others take forever for is matched in linear time', async () => {
  await using api = new TestServer()
  await install(api, withSpec({ type: 'object', properties: { a: { ...text, pattern: '^(a+)+$' } } }))
  const { status } = await api.request('POST', widgets, widget('a', { a: `${'a'.repeat(5000)}!` }))
  assert.equal(status, 422)
})

test('a long text for a very complex pattern ends with an error and does not block', async () => {
  await using api = new TestServer()
  await install(api, withSpec({ type: 'object', properties: { a: { ...text, pattern: '^(([a-z]?){1000})*$' } } }))
  const few = await api.request('POST', widgets, widget('few', { a: 'x'.repeat(100) }))
  assert.equal(few.status, 201)
  const { status, json } = await api.request('POST', widgets, widget('many', { a: 'x'.repeat(100_000) }))
  assert.equal(status, 422)
  assert.match(json.message, /the object takes more than 10000000 steps to validate by its schema/)
})

test('a long list with very many alternatives per item ends with an error and does not block', async () => {
  await using api = new TestServer()
  const anyOf = Array.from({ length: 2000 }, (_, i) => ({ minimum: i + 1, maximum: i + 1 }))
  await install(api, withSpec({ type: 'object', properties: { list: { type: 'array', items: { type: 'integer', anyOf } } } }))
  const few = await api.request('POST', widgets, widget('few', { list: [1, 2000] }))
  assert.equal(few.status, 201)
  const list = Array.from({ length: 40_000 }, () => 0)
  const { status, json } = await api.request('POST', widgets, widget('many', { list }))
  assert.equal(status, 422)
  assert.match(json.message, /the object takes more than 10000000 steps to validate by its schema/)
})

test('field names with a meaning in JavaScript are ordinary fields', async () => {
  await using api = new TestServer()
  const schema = JSON.parse(
    '{"type":"object","required":["constructor"],"properties":{"__proto__":{"type":"object","properties":{"polluted":{"type":"string"}}},"constructor":{"type":"string"}}}',
  )
  await install(api, withSpec(schema))
  const missing = await api.request('POST', widgets, widget('a', {}))
  assert.match(missing.json.message, /spec\.constructor: Required value/)
  const body =
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"__proto__":{"polluted":"x"},"constructor":"c"}}'
  const { status, text: answer } = await api.request('POST', widgets, Buffer.from(body))
  assert.equal(status, 201)
  assert.ok(answer.includes('"__proto__":{"polluted":"x"}'))
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  assert.equal((await api.get('/openapi/v3/apis/example.com/v1')).status, 200)
})

test('defaults of field names with a meaning in JavaScript affect only their object', async () => {
  await using api = new TestServer()
  const polluted = '{"type":"object","default":{"polluted":"x"},"properties":{"polluted":{"type":"string"}}}'
  const schema = JSON.parse(
    `{"type":"object","default":{},"properties":{"__proto__":${polluted},"constructor":${polluted},"a":{"type":"string"}}}`,
  )
  await install(api, withSpec(schema))
  assert.equal((await api.request('POST', widgets, widget('a', {}))).status, 201)
  const patch = Buffer.from('{"spec":{"a":"b","__proto__":{"polluted":"y"},"constructor":null}}')
  const { status, text } = await api.request('PATCH', `${widgets}/a`, patch)
  assert.equal(status, 200)
  assert.match(text, /"__proto__":\{"polluted":"y"\}/)
  assert.match(text, /"constructor":\{"polluted":"x"\}/)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('a custom resource of kind Namespace is not a namespace', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ plural: 'rooms', kind: 'Namespace', spec: { scope: 'Cluster' } }))
  const schema = { ...widget('a', { size: 1 }), kind: 'Namespace' }
  await api.create('/apis/example.com/v1/rooms', schema)
  const { status, json } = await api.request('DELETE', '/apis/example.com/v1/rooms/a')
  assert.deepEqual([status, json.kind], [200, 'Status'])
  assert.equal((await api.get('/apis/example.com/v1/rooms/a')).status, 404)
})

test('an integer beyond 64 bits is refused, not rounded', async () => {
  await using api = new TestServer()
  await install(api)
  const body = '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":9223372036854775808}}'
  const { status, json } = await api.request('POST', widgets, Buffer.from(body))
  assert.equal(status, 400)
  assert.match(json.message, /an integer is beyond 64 bits/)
})

test('case 28: a list contains only its own kind, whatever the path or the continue token', async () => {
  await using api = new TestServer()
  await install(api)
  await install(api, widgetDefinition({ plural: 'gadgets', kind: 'Gadget' }))
  for (const name of ['a', 'b']) {
    await api.create(widgets, widget(name, { size: 1 }))
    await api.create(widgets.replace('widgets', 'gadgets'), { ...widget(name, { size: 1 }), kind: 'Gadget' })
  }
  for (const path of [
    '/apis/example.com/v1/namespaces/../widgets',
    '/apis/example.com/v1/namespaces/%2e%2e/widgets',
    '/apis/example.com/v1/namespaces/default%2f..%2fgadgets/widgets',
  ]) {
    const { status, json } = await api.get(path)
    assert.ok(status >= 400 || json.items.every((item: { kind: string }) => item.kind === 'Widget'), path)
    assert.ok(status >= 400 || json.items.length === 0, path)
  }
  const { json } = await api.get(`${widgets}?limit=1`)
  const token = encodeURIComponent(json.metadata.continue)
  assert.equal((await api.get(`${widgets.replace('widgets', 'gadgets')}?limit=1&continue=${token}`)).status, 400)
  const watch = await api.watch(`${widgets}?watch=true&labelSelector=x%21%3Dy`)
  for (let i = 0; i < 2; i++) assert.equal((await watch.next())?.object.kind, 'Widget')
  watch.close()
})
