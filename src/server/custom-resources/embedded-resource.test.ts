// Embedded resources in custom resources: which are unreadable, and how the readable ones are validated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'
import { install, widget, widgetDefinition, widgets } from './widgets.testing.ts'

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  },
}
const pod = (metadata: unknown) => ({ a: { apiVersion: 'v1', kind: 'Pod', metadata } })
const unread = 'Widget in version "v1" cannot be handled as a Widget: '

const rows: readonly [name: string, spec: object, status: number, message: string][] = [
  [
    'labels that are no texts',
    pod({ labels: { a: 1 } }),
    400,
    `${unread}spec[a].metadata: Invalid value: map[string]interface {}{"labels":map[string]interface {}{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string`,
  ],
  [
    'invalid metadata',
    pod('x'),
    400,
    `${unread}spec[a].metadata: Invalid value: "x": json: cannot unmarshal string into Go value of type v1.ObjectMeta`,
  ],
  ['a kind that is not a string', { a: { apiVersion: 'v1', kind: 5 } }, 400, `${unread}spec[a].kind: Invalid value: 5: must be a string`],
  ['no kind', { a: { apiVersion: 'v1' } }, 422, 'Widget.example.com "a" is invalid: spec[a].kind: Required value: must not be empty'],
  ['a finalizer without a domain', pod({ finalizers: ['mine'] }), 201, ''],
  ['metadata of null', pod(null), 201, ''],
]
for (const [name, spec, status, message] of rows) {
  test(`an embedded resource with ${name} gets ${status}`, async () => {
    await using api = new TestServer()
    await install(api, widgetDefinition({ version: { schema: { openAPIV3Schema: schema } } }))
    const answer = await api.request('POST', widgets, widget('a', spec))
    assert.equal(answer.status, status)
    if (message !== '') assert.equal(answer.json.message, message)
  })
}

test('invalid metadata of a custom resource is refused, and null counts as absent', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ version: { schema: { openAPIV3Schema: schema } } }))
  const refused = await api.request('POST', widgets, { ...widget('a', {}), metadata: 'x' })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.message, `${unread}json: cannot unmarshal string into Go value of type v1.ObjectMeta`)
  const unnamed = await api.request('POST', widgets, { ...widget('a', {}), metadata: null })
  assert.equal(unnamed.status, 422)
  assert.equal(unnamed.json.message, 'Widget.example.com "" is invalid: metadata.name: Required value: name or generateName is required')
})
