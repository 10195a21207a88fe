import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../store/memory.ts'
import { TestServer } from '../testing.ts'
import { conditionOf, crds, install, waitFor, widget, widgetDefinition, widgetSchema, widgets } from './widgets.testing.ts'

test('a definition is established and its objects are created, read, listed, patched and deleted', async () => {
  await using api = new TestServer()
  await install(api)
  const { json: definition } = await api.get(`${crds}/widgets.example.com`)
  assert.deepEqual(definition.status.acceptedNames, { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' })
  assert.equal(conditionOf(definition, 'NamesAccepted')?.reason, 'NoConflicts')
  assert.equal(conditionOf(definition, 'Established')?.reason, 'InitialNamesAccepted')
  const created = await api.request('POST', widgets, widget('a', { size: 1 }))
  assert.equal(created.status, 201)
  assert.deepEqual(created.json.spec, { color: 'red', size: 1 })
  assert.equal(created.json.metadata.generation, 1)
  assert.equal((await api.get(`${widgets}/a`)).text, created.text)
  const list = await api.get(widgets)
  assert.equal(list.json.kind, 'WidgetList')
  assert.equal(list.json.items.length, 1)
  const patched = await api.request('PATCH', `${widgets}/a`, { spec: { size: 2 } })
  assert.equal(patched.json.spec.size, 2)
  assert.equal(patched.json.metadata.generation, 2)
  assert.equal((await api.request('DELETE', `${widgets}/a`)).status, 200)
  assert.equal((await api.get(`${widgets}/a`)).status, 404)
})

test('unknown fields are dropped with a warning, or refused with strict validation', async () => {
  await using api = new TestServer()
  await install(api)
  const spec = { size: 1, colour: 'x', parts: [{ name: 'a', color: 'y' }], free: { any: { thing: 1 } } }
  const object = { ...widget('a', spec), extra: 1 }
  const strict = await api.request('POST', `${widgets}?fieldValidation=Strict`, object)
  assert.equal(strict.status, 400)
  assert.equal(
    strict.json.message,
    'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "extra", unknown field "spec.colour", unknown field "spec.parts[0].color"',
  )
  const { status, json, headers } = await api.request('POST', widgets, object)
  assert.equal(status, 201)
  assert.deepEqual(json.spec, { color: 'red', free: { any: { thing: 1 } }, parts: [{ count: 1, name: 'a' }], size: 1 })
  assert.equal(json.extra, undefined)
  assert.match(headers['warning'] ?? '', /unknown field \\"spec.colour\\"/)
})

test('finalizers without a qualified name cause a warning', async () => {
  await using api = new TestServer()
  await install(api)
  const object = { ...widget('a', { size: 1 }), metadata: { name: 'a', finalizers: ['mine', 'example.com/mine', 'orphan'] } }
  const { status, headers } = await api.request('POST', widgets, object)
  assert.equal(status, 201)
  assert.match(
    headers['warning'] ?? '',
    /^299 - "metadata\.finalizers: \\"mine\\": prefer a domain-qualified finalizer name including a path \(\/\)[^,]*"$/,
  )
})

test('duplicate members are refused with strict validation', async () => {
  await using api = new TestServer()
  await install(api)
  const body = Buffer.from('{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1,"size":2}}')
  const { status, json } = await api.request('POST', `${widgets}?fieldValidation=Strict`, body)
  assert.equal(status, 400)
  assert.match(json.message, /strict decoding error: duplicate field "spec.size"$/)
})

const invalid: readonly [name: string, spec: object, message: string][] = [
  ['a missing field', {}, 'spec.size: Required value'],
  ['another type', { size: 'x' }, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
  ['too small', { size: 0 }, 'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1'],
  ['no value of an enumeration', { size: 1, color: 'blue' }, 'spec.color: Unsupported value: "blue": supported values: "red", "green"'],
  ['too long', { size: 1, parts: [{ name: 'abcdef' }] }, 'spec.parts[0].name: Too long: may not be more than 5 bytes'],
  [
    'another pattern',
    { size: 1, parts: [{ name: 'A' }] },
    `spec.parts[0].name: Invalid value: "A": spec.parts[0].name in body should match '^[a-z]*$'`,
  ],
  ['a set with duplicates', { size: 1, tags: ['a', 'a'] }, 'spec.tags[1]: Duplicate value: "a"'],
  [
    'keys that are taken',
    { size: 1, parts: [{ name: 'a' }, { name: 'a' }] },
    'spec.parts[1]: Duplicate value: map[string]interface {}{"name":"a"}',
  ],
  ['an item without its key', { size: 1, parts: [{ count: 2 }] }, 'spec.parts[0].name: Required value'],
  [
    'neither number nor text',
    { size: 1, port: true },
    'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
  ],
  [
    'a value of a map',
    { size: 1, limits: { cpu: 'x' } },
    'spec.limits.cpu: Invalid value: "string": spec.limits.cpu in body must be of type integer: "string"',
  ],
  [
    'an embedded object without a kind',
    { size: 1, template: { apiVersion: 'v1' } },
    'spec.template.kind: Required value: must not be empty',
  ],
]
for (const [name, spec, message] of invalid) {
  test(`a custom resource with ${name} is refused`, async () => {
    await using api = new TestServer()
    await install(api)
    const { status, json } = await api.request('POST', widgets, widget('a', spec))
    assert.equal(status, 422)
    assert.equal(json.message, `Widget.example.com "a" is invalid: ${message}`)
  })
}

test('null is dropped, kept if nullable, and replaced by a default', async () => {
  await using api = new TestServer()
  await install(api)
  const { json } = await api.request('POST', widgets, widget('a', { size: 1, note: null, color: null, port: null }))
  assert.deepEqual(json.spec, { color: 'red', note: null, size: 1 })
})

test('an object of another kind or version is refused', async () => {
  await using api = new TestServer()
  await install(api)
  const kind = await api.request('POST', widgets, { ...widget('a!', { size: 1 }), kind: 'Gadget' })
  assert.equal(kind.json.message, 'Gadget.example.com "a!" is invalid: kind: Invalid value: "Gadget": must be Widget')
  const version = await api.request('POST', widgets, { ...widget('a', { size: 1 }), apiVersion: 'example.com/v2' })
  assert.equal(version.status, 400)
  assert.equal(
    version.json.message,
    'the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)',
  )
  for (const [body, message] of unrecognized) {
    const { status, json } = await api.request('POST', widgets, body)
    assert.equal(status, 400)
    assert.equal(json.message, `the object provided is unrecognized (must be of type Widget): ${message}`)
  }
  await api.create(widgets, widget('a', { size: 1 }))
  const merge = { 'content-type': 'application/merge-patch+json' }
  const patch = async (body: object) => (await api.request('PATCH', `${widgets}/a`, body, merge)).json
  assert.match((await patch({ kind: 1 })).message, /cannot unmarshal number into Go struct field \.kind of type string$/)
  assert.match((await patch({ kind: null })).message, /: Object 'Kind' is missing in '\{/)
  assert.equal(
    (await patch({ kind: 'Gadget' })).message,
    'Gadget.example.com "a" is invalid: kind: Invalid value: "Gadget": must be Widget',
  )
  const nameless = 'the name of the object (a based on URL) was undeterminable: name must be provided'
  assert.equal((await patch({ metadata: null })).message, nameless)
})

const noKind = "couldn't get version/kind; json parse error: json: cannot unmarshal"
const goKind = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
const unrecognized: readonly (readonly [body: unknown, message: string])[] = [
  [{}, "Object 'Kind' is missing in '{}' ({})"],
  [null, "Object 'Kind' is missing in 'null' (6e756c6c)"],
  [[], `${noKind} array into Go value of type ${goKind} (5b5d)`],
  [{ kind: 1 }, `${noKind} number into Go struct field .kind of type string ({"kind":1})`],
  [{ kind: 'W', apiVersion: 'a/b/c' }, 'unexpected GroupVersion string: a/b/c ({"kind":"W","apiVersion":"a/b/ ...)'],
]

test('a strategic merge patch and protobuf get a 415', async () => {
  await using api = new TestServer()
  await install(api)
  await api.create(widgets, widget('a', { size: 1 }))
  const patch = await api.request('PATCH', `${widgets}/a`, {}, { 'content-type': 'application/strategic-merge-patch+json' })
  assert.equal(patch.status, 415)
  const body = await api.request('POST', widgets, Buffer.from('x'), { 'content-type': 'application/vnd.kubernetes.protobuf' })
  assert.equal(body.status, 415)
})

test('discovery lists the resource as long as its definition is established', async () => {
  await using api = new TestServer()
  const before = await api.get('/apis/example.com/v1')
  assert.equal(before.status, 404)
  await install(api, widgetDefinition({ names: { shortNames: ['wd'], categories: ['all'] } }))
  const { json } = await api.get('/apis/example.com/v1')
  assert.deepEqual(
    json.resources.map(({ name, shortNames, categories }: Record<string, unknown>) => ({ name, shortNames, categories })),
    [{ name: 'widgets', shortNames: ['wd'], categories: ['all'] }],
  )
  const groups = await api.get('/apis')
  assert.ok(groups.json.groups.some(({ name }: { name: string }) => name === 'example.com'))
  await api.request('DELETE', `${crds}/widgets.example.com`)
  await waitFor(api, 'widgets.example.com', definition => definition === undefined)
  assert.equal((await api.get('/apis/example.com/v1')).status, 404)
  assert.equal((await api.get(widgets)).status, 404)
})

test('deleting a definition deletes its objects, and waits for their finalizers', async () => {
  await using api = new TestServer()
  await install(api)
  await api.create(widgets, widget('a', { size: 1 }))
  await api.create(widgets, { ...widget('b', { size: 1 }), metadata: { name: 'b', finalizers: ['example.com/wait'] } })
  const { json } = await api.request('DELETE', `${crds}/widgets.example.com`)
  assert.equal(conditionOf(json, 'Terminating')?.reason, 'InstanceDeletionPending')
  assert.deepEqual(json.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
  assert.deepEqual([json.metadata.deletionGracePeriodSeconds, json.metadata.generation], [undefined, 1])
  await waitFor(api, 'widgets.example.com', definition => conditionOf(definition, 'Terminating')?.reason === 'InstanceDeletionInProgress')
  const discovered = (await api.get('/apis/example.com/v1')).json.resources[0]
  assert.deepEqual(discovered.verbs, ['delete', 'deletecollection', 'get', 'list', 'watch'])
  const refused = await api.request('POST', widgets, widget('c', { size: 1 }))
  assert.deepEqual([refused.status, refused.json.message], [405, 'create not allowed while custom resource definition is terminating'])
  const applied = { 'content-type': 'application/apply-patch+yaml' }
  assert.equal((await api.request('PATCH', `${widgets}/c?fieldManager=m`, widget('c', { size: 1 }), applied)).status, 405)
  const watch = await api.watch(`${widgets}?watch=true`)
  for (
    let event = await watch.next();
    event?.object.metadata.name !== 'b' || !event.object.metadata.deletionTimestamp;
    event = await watch.next()
  );
  watch.close()
  assert.equal((await api.get(`${crds}/widgets.example.com`)).status, 200)
  const freed = await api.request('PATCH', `${widgets}/b`, { metadata: { finalizers: null } })
  assert.equal(freed.status, 200)
  await waitFor(api, 'widgets.example.com', definition => definition === undefined)
})

test('names of another definition of the group are not accepted until it is deleted', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ names: { shortNames: ['w'] } }))
  await install(api, widgetDefinition({ plural: 'windows', kind: 'Window', names: { shortNames: ['w'] } }), 'NamesAccepted', 'False')
  const { json } = await api.get(`${crds}/windows.example.com`)
  assert.equal(conditionOf(json, 'NamesAccepted')?.reason, 'ShortNamesConflict')
  assert.equal(conditionOf(json, 'NamesAccepted')?.message, '"w" is already in use')
  assert.equal(conditionOf(json, 'Established')?.reason, 'NotAccepted')
  assert.equal((await api.get('/apis/example.com/v1/windows')).status, 404)
  await api.request('DELETE', `${crds}/widgets.example.com`)
  await waitFor(api, 'windows.example.com', definition => conditionOf(definition, 'Established')?.status === 'True')
  assert.equal((await api.get('/apis/example.com/v1/windows')).status, 200)
})

test('a definition never replaces a built-in resource', async () => {
  await using api = new TestServer()
  const annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' }
  const definition = widgetDefinition({ group: 'rbac.authorization.k8s.io', plural: 'clusterroles', kind: 'Ruler' })
  definition.metadata.annotations = annotations
  await install(api, definition, 'NamesAccepted', 'False')
  const { json } = await api.get(`${crds}/clusterroles.rbac.authorization.k8s.io`)
  assert.equal(conditionOf(json, 'NamesAccepted')?.reason, 'PluralConflict')
  assert.equal(conditionOf(json, 'KubernetesAPIApprovalPolicyConformant')?.reason, 'UnapprovedAnnotation')
  assert.equal((await api.get('/apis/rbac.authorization.k8s.io/v1/clusterroles')).json.kind, 'ClusterRoleList')
})

test('a new schema applies at once: open watches end, and stored objects are read with it', async () => {
  await using api = new TestServer()
  await install(api)
  await api.create(widgets, widget('a', { size: 1, note: 'x' }))
  const watch = await api.watch(`${widgets}?watch=true`)
  assert.equal((await watch.next())?.type, 'ADDED')
  const { json: definition } = await api.get(`${crds}/widgets.example.com`)
  const { note: _note, ...properties } = widgetSchema.properties?.['spec']?.properties ?? {}
  const spec = { ...widgetSchema.properties?.['spec'], properties: { ...properties, shape: { type: 'string', default: 'round' } } }
  definition.spec.versions[0].schema.openAPIV3Schema = { ...widgetSchema, properties: { ...widgetSchema.properties, spec } }
  assert.equal((await api.request('PUT', `${crds}/widgets.example.com`, definition)).status, 200)
  assert.equal(await watch.next(), undefined)
  const { json } = await api.get(`${widgets}/a`)
  assert.deepEqual(json.spec, { color: 'red', shape: 'round', size: 1 })
  assert.deepEqual((await api.get(widgets)).json.items[0].spec, json.spec)
  const fresh = await api.watch(`${widgets}?watch=true`)
  assert.deepEqual((await fresh.next())?.object.spec, json.spec)
  fresh.close()
})

test('objects are served in every version, stored in one, and survive a change of it', async () => {
  await using api = new TestServer()
  const versions = [
    { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: widgetSchema } },
    { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: widgetSchema } },
  ]
  await install(api, widgetDefinition({ spec: { versions } }))
  await api.create(widgets, widget('a', { size: 1 }))
  const v2 = widgets.replace('/v1/', '/v2/')
  assert.equal((await api.get(`${v2}/a`)).json.apiVersion, 'example.com/v2')
  assert.equal((await api.get(v2)).json.items[0].apiVersion, 'example.com/v2')
  assert.equal((await api.request('HEAD', v2)).status, 200)
  const { json: definition } = await api.get(`${crds}/widgets.example.com`)
  definition.spec.versions[0].storage = false
  definition.spec.versions[1].storage = true
  const { json: updated } = await api.request('PUT', `${crds}/widgets.example.com`, definition)
  assert.deepEqual(updated.status.storedVersions, ['v1', 'v2'])
  assert.equal((await api.get(`${v2}/a`)).json.apiVersion, 'example.com/v2')
  assert.equal((await api.get(`${widgets}/a`)).json.apiVersion, 'example.com/v1')
  const patched = await api.request('PATCH', `${widgets}/a`, { spec: { size: 3 } })
  assert.equal(patched.json.apiVersion, 'example.com/v1')
  assert.equal(patched.json.spec.size, 3)
})

test('a restarted server serves established definitions', async () => {
  const store = createMemoryStore()
  {
    const api = new TestServer({ store })
    await install(api)
    await api.create(widgets, widget('a', { size: 1 }))
    await api.server[Symbol.asyncDispose]()
  }
  await using api = new TestServer({ store })
  assert.deepEqual((await api.get(`${widgets}/a`)).json.spec, { color: 'red', size: 1 })
})

test('the status has its own path and does not change the generation', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ version: { subresources: { status: {} } } }))
  const { json } = await api.request('POST', widgets, widget('a', { size: 1 }, { status: { phase: 'x' } }))
  assert.equal(json.status, undefined)
  const status = await api.request('PUT', `${widgets}/a/status`, { ...json, spec: { size: 5 }, status: { phase: 'done' } })
  assert.equal(status.status, 200)
  assert.deepEqual([status.json.spec.size, status.json.status.phase, status.json.metadata.generation], [1, 'done', 1])
  const main = await api.request('PATCH', `${widgets}/a`, { spec: { size: 2 }, status: { phase: 'other' } })
  assert.deepEqual([main.json.spec.size, main.json.status.phase, main.json.metadata.generation], [2, 'done', 2])
})

test('a stricter schema allows unchanged values in updates', async () => {
  await using api = new TestServer()
  await install(api)
  await api.create(widgets, widget('a', { size: 9, parts: [{ name: 'x', count: 5 }] }))
  const { json: definition } = await api.get(`${crds}/widgets.example.com`)
  definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.size.maximum = 5
  definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.parts.items.properties.count.maximum = 3
  await api.request('PUT', `${crds}/widgets.example.com`, definition)
  const kept = await api.request('PATCH', `${widgets}/a`, { spec: { color: 'green', parts: [{ name: 'y' }, { name: 'x', count: 5 }] } })
  assert.equal(kept.status, 200)
  const changed = await api.request('PATCH', `${widgets}/a`, { spec: { size: 8, parts: [{ name: 'x', count: 6 }] } })
  assert.equal(changed.status, 422)
  assert.match(changed.json.message, /spec\.parts\[0\]\.count: Invalid value: 6.*spec\.size: Invalid value: 8/)
})

test('a cluster-scoped custom resource is not served below a namespace', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ spec: { scope: 'Cluster' } }))
  await api.create('/apis/example.com/v1/widgets', widget('a', { size: 1 }))
  assert.equal((await api.get('/apis/example.com/v1/widgets/a')).status, 200)
  for (const method of ['GET', 'PUT', 'DELETE']) {
    assert.equal((await api.request(method, `${widgets}/a`, method === 'PUT' ? widget('a', { size: 2 }) : undefined)).status, 404)
  }
})

test('selectable fields of a definition work in lists and watches', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ version: { selectableFields: [{ jsonPath: '.spec.color' }] } }))
  await api.create(widgets, widget('a', { size: 1 }))
  await api.create(widgets, widget('b', { size: 1, color: 'green' }))
  const names = async (selector: string) =>
    (await api.get(`${widgets}?fieldSelector=${encodeURIComponent(selector)}`)).json.items.map(
      (item: { metadata: { name: string } }) => item.metadata.name,
    )
  assert.deepEqual(await names('spec.color=green'), ['b'])
  assert.deepEqual(await names('spec.color!=green'), ['a'])
  assert.deepEqual(await names('spec.color=red,metadata.name=a'), ['a'])
  const watch = await api.watch(`${widgets}?watch=true&fieldSelector=spec.color%3Dgreen`)
  assert.equal((await watch.next())?.object.metadata.name, 'b')
  await api.request('PATCH', `${widgets}/b`, { spec: { color: 'red' } })
  assert.equal((await watch.next())?.type, 'DELETED')
  watch.close()
  const unknown = await api.get(`${widgets}?fieldSelector=spec.size%3D1`)
  assert.equal(unknown.status, 400)
  assert.match(unknown.json.message, /field label not supported: spec.size/)
})

test('a definition without a CA for its conversion webhook is not served until it has one', async () => {
  await using api = new TestServer()
  const clientConfig = { url: 'https://example.com/convert', caBundle: Buffer.from('nobody').toString('base64') }
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig } }
  await install(api, widgetDefinition({ spec: { conversion } }), 'Established', 'False')
  const { json } = await api.get(`${crds}/widgets.example.com`)
  assert.equal(conditionOf(json, 'Established')?.reason, 'InvalidCABundle')
  assert.equal((await api.get('/apis/example.com/v1/widgets')).status, 404)
  await api.request('PATCH', `${crds}/widgets.example.com`, { spec: { conversion: { webhook: { clientConfig: { caBundle: null } } } } })
  await waitFor(api, 'widgets.example.com', found => conditionOf(found, 'Established')?.status === 'True')
  assert.equal((await api.get('/apis/example.com/v1/widgets')).status, 200)
})

test('an object in another version shows its stored values, without the defaults of that version', async () => {
  await using api = new TestServer()
  const version = (name: string, storage: boolean) => ({
    ...{ name, served: true, storage },
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { [name]: { type: 'string', default: name }, both: { type: 'string', default: name } } },
        },
      },
    },
  })
  await install(api, widgetDefinition({ spec: { versions: [version('v1', true), version('v2', false)] } }))
  const second = '/apis/example.com/v2/namespaces/default/widgets'
  const created = await api.request('POST', second, { ...widget('a', {}), apiVersion: 'example.com/v2' })
  assert.deepEqual(created.json.spec, { both: 'v2' })
  assert.deepEqual((await api.request('GET', `${widgets}/a`)).json.spec, { both: 'v2', v1: 'v1' })
  assert.deepEqual((await api.request('GET', `${second}/a`)).json.spec, { both: 'v2' })
})
