import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'
import { install, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const unread = (message: string) => `the object provided is unrecognized (must be of type Widget): ${message}`
const bodies: readonly [name: string, body: unknown, message: string][] = [
  ['a list', [], unread("couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct {")],
  [
    'a kind that is a number',
    { ...widget('a', { size: 1 }), kind: 5 },
    unread("couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string"),
  ],
  ['an invalid version', { ...widget('a', { size: 1 }), apiVersion: 'a/b/c' }, unread('unexpected GroupVersion string: a/b/c')],
  ['null', null, unread("Object 'Kind' is missing in 'null'")],
  [
    'no version',
    { ...widget('a', { size: 1 }), apiVersion: '' },
    'the API version in the data () does not match the expected API version (example.com/v1)',
  ],
]
for (const [name, body, message] of bodies) {
  test(`a custom resource that is ${name} is refused with the message of built-in kinds`, async () => {
    await using api = new TestServer()
    await install(api)
    const { status, json } = await api.request('POST', widgets, body)
    assert.equal(status, 400)
    assert.ok(json.message.startsWith(message), json.message)
  })
}

test('a failed precondition shows the key of a custom resource with its group', async () => {
  await using api = new TestServer()
  await install(api)
  const { json } = await api.request('PUT', `${widgets}/a`, { ...widget('a', { size: 1 }), metadata: { name: 'a', uid: 'other' } })
  assert.match(json.message, /Key: \/registry\/example\.com\/widgets\/default\/a,/)
})

for (const resourceVersion of ['0', '', null]) {
  test(`a patch that sets the version ${JSON.stringify(resourceVersion)} is refused, because updates require one`, async () => {
    await using api = new TestServer()
    await install(api)
    await api.create(widgets, widget('a', { size: 1 }))
    const { status, json } = await api.request('PATCH', `${widgets}/a`, { metadata: { resourceVersion } })
    assert.equal(status, 422)
    assert.equal(
      json.message,
      'widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    )
  })
}

test('an empty managedFields list does not change a custom resource', async () => {
  await using api = new TestServer()
  await install(api)
  const { metadata } = await api.create(widgets, widget('a', { size: 1 }))
  const { json } = await api.request('PATCH', `${widgets}/a`, { metadata: { managedFields: [] } })
  assert.equal(json.metadata.resourceVersion, metadata.resourceVersion)
  assert.deepEqual(json.metadata.managedFields, metadata.managedFields)
})

test('unset replicas can be set through the scale, and a patch must name them', async () => {
  await using api = new TestServer()
  const scale = { specReplicasPath: '.spec.port', statusReplicasPath: '.status.replicas' }
  await install(api, widgetDefinition({ version: { subresources: { status: {}, scale } } }))
  await api.create(widgets, widget('a', { size: 1 }))
  assert.equal((await api.get(`${widgets}/a/scale`)).status, 500)
  const empty = await api.request('PATCH', `${widgets}/a/scale`, {})
  assert.deepEqual([empty.status, empty.json.message], [400, 'the spec replicas field ".spec.port" cannot be empty'])
  const scaled = await api.request('PATCH', `${widgets}/a/scale`, { spec: { replicas: 80 } })
  assert.deepEqual([scaled.status, scaled.json.spec], [200, { replicas: 80 }])
  const missing = await api.get(`${widgets}/none/scale`)
  assert.deepEqual([missing.status, missing.json.message], [404, 'widgets.example.com "none" not found'])
})
