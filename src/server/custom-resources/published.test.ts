import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import { TestServer, testUser } from '../testing.ts'
import { crds, install, waitFor, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const name = 'com.example.v1.Widget'

test('OpenAPI v3 names custom resources by their reversed group', async () => {
  await using api = new TestServer()
  await install(api)
  const { json } = await api.get('/openapi/v3/apis/example.com/v1')
  const schema = json.components.schemas[name]
  assert.deepEqual(schema['x-kubernetes-group-version-kind'], [{ group: 'example.com', kind: 'Widget', version: 'v1' }])
  assert.deepEqual(Object.keys(schema.properties).sort(), ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  assert.deepEqual(schema.properties.metadata.allOf, [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }])
  const { spec } = schema.properties
  assert.deepEqual(spec.properties.color, { type: 'string', enum: ['red', 'green'], default: 'red' })
  assert.deepEqual(spec.properties.port.anyOf, [{ type: 'integer' }, { type: 'string' }])
  assert.equal(spec.properties.parts['x-kubernetes-list-type'], 'map')
  assert.ok(spec.properties.template.properties.metadata)
  assert.ok(json.components.schemas[`${name}List`].properties.items)
  const path = json.paths['/apis/example.com/v1/namespaces/{namespace}/widgets/{name}']
  assert.equal(path.get['x-kubernetes-action'], 'get')
  assert.deepEqual(Object.keys(path.patch.requestBody.content).sort(), [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
  ])
  assert.equal(path.get.operationId, 'readExampleComV1NamespacedWidget')
  assert.equal(path.put.requestBody.content['application/json'].schema.$ref, `#/components/schemas/${name}`)
  // Upstream describes the deprecated watches of built-in kinds alone.
  assert.deepEqual(
    Object.keys(json.paths).filter(one => one.includes('/watch/')),
    [],
  )
})

test('OpenAPI v2 omits what it cannot express', async () => {
  await using api = new TestServer()
  await install(api)
  const { json } = await api.get('/openapi/v2')
  const { properties } = json.definitions[name].properties.spec
  assert.deepEqual(properties.note, {})
  assert.deepEqual(properties.free, { 'x-kubernetes-preserve-unknown-fields': true })
  assert.equal(properties.port.anyOf, undefined)
  assert.ok(json.definitions['io.k8s.api.core.v1.Pod'])
  assert.ok(json.paths['/api/v1/namespaces/{namespace}/pods'])
  assert.ok(json.paths['/apis/example.com/v1/namespaces/{namespace}/widgets'])
})

const published: readonly [name: string, given: JSONSchemaProps, v2: object, v3: object | undefined][] = [
  [
    'keeps bounds where null may be, and drops what it may be',
    { type: 'object', nullable: true, maxProperties: 2, properties: { b: { type: 'string' } }, required: ['b'] },
    { maxProperties: 2, required: ['b'] },
    undefined,
  ],
  [
    'does not ask for a field that may be null',
    { type: 'object', properties: { a: { type: 'string', nullable: true }, b: { type: 'string' } }, required: ['a', 'b'] },
    { type: 'object', properties: { a: {}, b: { type: 'string' } }, required: ['b'] },
    undefined,
  ],
  [
    'asks for nothing beside values that may be null',
    { type: 'object', additionalProperties: { type: 'string', nullable: true }, required: ['a'] },
    { type: 'object', additionalProperties: {} },
    undefined,
  ],
  [
    'keeps an enum where fields are kept, and the type of what is not an object',
    { type: 'string', enum: ['a'], 'x-kubernetes-preserve-unknown-fields': true },
    { type: 'string', enum: ['a'], 'x-kubernetes-preserve-unknown-fields': true },
    undefined,
  ],
  [
    'needs kind and apiVersion of an embedded resource, unless it keeps unknown fields',
    { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    { 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      required: ['kind', 'apiVersion'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
      },
    },
  ],
]
for (const [what, given, v2, v3] of published) {
  test(`OpenAPI of a custom resource ${what}`, async () => {
    await using api = new TestServer()
    const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', properties: { it: given } } } } as const
    await install(api, widgetDefinition({ version: { schema: { openAPIV3Schema }, selectableFields: undefined } }))
    const asV2 = (await api.get('/openapi/v2')).json.definitions[name]
    assert.deepEqual(asV2.properties.spec.properties.it, v2)
    if (v3 === undefined) return
    const asV3 = (await api.get('/openapi/v3/apis/example.com/v1')).json.components.schemas[name]
    assert.deepEqual(asV3.properties.spec.properties.it, v3)
  })
}

test('OpenAPI lists selectable fields, aggregated discovery the kind with its group', async () => {
  await using api = new TestServer()
  const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } } } as const
  const subresources = { status: {}, scale: { specReplicasPath: '.spec.r', statusReplicasPath: '.status.r' } }
  await install(
    api,
    widgetDefinition({ version: { schema: { openAPIV3Schema }, selectableFields: [{ jsonPath: '.spec.a' }], subresources } }),
  )
  const { definitions } = (await api.get('/openapi/v2')).json
  const { schemas } = (await api.get('/openapi/v3/apis/example.com/v1')).json.components
  for (const types of [definitions, schemas])
    for (const type of [name, `${name}List`]) assert.deepEqual(types[type]['x-kubernetes-selectable-fields'], [{ fieldPath: 'spec.a' }])
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const groups = (await api.get('/apis', { accept })).json.items
  const [widgetsOf] = groups.find((group: { metadata: { name: string } }) => group.metadata.name === 'example.com').versions[0].resources
  const own = { group: 'example.com', version: 'v1', kind: 'Widget' }
  assert.deepEqual(widgetsOf.responseKind, own)
  assert.deepEqual(
    widgetsOf.subresources.map((sub: { subresource: string; responseKind: object }) => [sub.subresource, sub.responseKind]),
    [
      ['status', own],
      ['scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' }],
    ],
  )
})

test('OpenAPI v2 in protobuf supports everything that a schema may contain', async () => {
  await using api = new TestServer()
  const bounded: JSONSchemaProps = {
    type: 'object',
    title: 'A title',
    example: {},
    minProperties: 1,
    maxProperties: 9,
    properties: {
      number: { type: 'number', multipleOf: 0.5, minimum: -1.5, maximum: 300, exclusiveMinimum: true, exclusiveMaximum: true },
      text: { type: 'string', minLength: 1, maxLength: 300, pattern: '^a', format: 'uri', externalDocs: { url: 'https://example.com' } },
      list: { type: 'array', minItems: 1, maxItems: 300, uniqueItems: false, items: { type: 'boolean' } },
      map: { type: 'object', additionalProperties: true },
    },
    'x-kubernetes-validations': [{ rule: 'self.number > 0.0' }],
  }
  await install(api, widgetDefinition({ version: { schema: { openAPIV3Schema: { type: 'object', properties: { spec: bounded } } } } }))
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const response = await api.as(testUser).request({ method: 'GET', path: '/openapi/v2', headers: { accept } }, new AbortController().signal)
  assert.equal(response.status, 200)
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  // The bounds of the number as doubles under their numbers, the wire type being 1.
  const double = (number: number, value: number) => {
    const encoded = Buffer.alloc(9)
    encoded[0] = number * 8 + 1
    encoded.writeDoubleLE(value, 1)
    return encoded
  }
  for (const part of [double(6, 0.5), double(9, -1.5), double(7, 300)]) assert.ok(bytes.includes(part))
  // A maxLength of 300 takes two bytes.
  assert.ok(bytes.includes(Buffer.from([11 * 8, 0xac, 0x02])))
})

test('a change replaces only the documents that it affects', async () => {
  await using api = new TestServer()
  await install(api)
  await install(api, widgetDefinition({ group: 'other.com' }))
  const index = async () => {
    const { json } = await api.get('/openapi/v3')
    return Object.fromEntries(
      Object.entries(json.paths).map(([path, entry]) => [path, (entry as { serverRelativeURL: string }).serverRelativeURL]),
    )
  }
  const before = await index()
  const v2 = (await api.get('/openapi/v2')).headers['etag']
  const { json: definition } = await api.get(`${crds}/widgets.example.com`)
  definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.extra = { type: 'string' }
  await api.request('PUT', `${crds}/widgets.example.com`, definition)
  const after = await index()
  assert.deepEqual(
    Object.keys(after).filter(path => after[path] !== before[path]),
    ['apis/example.com/v1'],
  )
  const changed = await api.get('/openapi/v2')
  assert.notEqual(changed.headers['etag'], v2)
  assert.ok(changed.json.definitions[name].properties.spec.properties.extra)
  await api.request('DELETE', `${crds}/widgets.example.com`)
  await waitFor(api, 'widgets.example.com', gone => gone === undefined)
  const without = await api.get('/openapi/v2')
  assert.equal(without.json.definitions[name], undefined)
  assert.ok(without.json.definitions['com.other.v1.Widget'])
  assert.equal((await api.get('/openapi/v3/apis/example.com/v1')).status, 404)
})

test('a table has the columns of the definition', async () => {
  await using api = new TestServer()
  const additionalPrinterColumns = [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'Part', type: 'string', jsonPath: '.spec.parts[?(@.name=="b")].count' },
    { name: 'Tags', type: 'string', jsonPath: '.spec.tags', priority: 1 },
    { name: 'Since', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'None', type: 'string', jsonPath: '.spec.nothing' },
  ]
  await install(api, widgetDefinition({ version: { additionalPrinterColumns } }))
  await api.create(widgets, widget('a', { size: 3, parts: [{ name: 'a' }, { name: 'b', count: 7 }], tags: ['x', 'y'] }))
  const { json } = await api.get(widgets, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
  const columns = json.columnDefinitions.map((column: { name: string; type: string; priority: number }) => [
    column.name,
    column.type,
    column.priority,
  ])
  assert.deepEqual(columns, [
    ['Name', 'string', 0],
    ['Size', 'integer', 0],
    ['Part', 'string', 0],
    ['Tags', 'string', 1],
    ['Since', 'date', 0],
    ['None', 'string', 0],
  ])
  assert.deepEqual(json.rows[0].cells, ['a', 3, '7', '["x","y"]', '0s', null])
})

test('server-side apply merges keyed lists and refuses unknown fields', async () => {
  await using api = new TestServer()
  await install(api)
  const apply = (manager: string, spec: object) =>
    api.request('PATCH', `${widgets}/a?fieldManager=${manager}`, widget('a', spec), { 'content-type': 'application/apply-patch+yaml' })
  assert.equal((await apply('one', { size: 1, parts: [{ name: 'a', count: 1 }] })).status, 201)
  const second = await apply('two', { parts: [{ name: 'b', count: 2 }] })
  assert.equal(second.status, 200)
  assert.deepEqual(second.json.spec.parts, [
    { count: 1, name: 'a' },
    { count: 2, name: 'b' },
  ])
  const conflict = await apply('two', { size: 2 })
  assert.equal(conflict.status, 409)
  assert.match(conflict.json.message, /conflict with "one": \.spec\.size/)
  const unknown = await apply('two', { colour: 'x' })
  assert.equal(unknown.status, 500)
  assert.match(unknown.json.message, /\.spec\.colour: field not declared in schema/)
  const removed = await apply('one', { size: 1 })
  assert.deepEqual(removed.json.spec.parts, [{ count: 2, name: 'b' }])
})

test('the scale uses the paths of the definition', async () => {
  await using api = new TestServer()
  const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' }
  await install(api, widgetDefinition({ version: { subresources: { status: {}, scale } } }))
  await api.create(widgets, widget('a', { size: 3 }))
  await api.request('PATCH', `${widgets}/a/status`, { status: { replicas: 2, selector: 'a=b' } })
  const { json } = await api.get(`${widgets}/a/scale`)
  assert.equal(json.kind, 'Scale')
  assert.deepEqual([json.spec, json.status], [{ replicas: 3 }, { replicas: 2, selector: 'a=b' }])
  const scaled = await api.request('PATCH', `${widgets}/a/scale`, { spec: { replicas: 5 } })
  assert.deepEqual(scaled.json.spec, { replicas: 5 })
  const widgetNow = (await api.get(`${widgets}/a`)).json
  assert.deepEqual([widgetNow.spec.size, widgetNow.metadata.generation], [5, 2])
  const refused = await api.request('PATCH', `${widgets}/a/scale`, { spec: { replicas: 50 } })
  assert.equal(refused.status, 422)
  const discovery = await api.get('/apis/example.com/v1')
  assert.deepEqual(
    discovery.json.resources.map((resource: { name: string }) => resource.name),
    ['widgets', 'widgets/status', 'widgets/scale'],
  )
})
