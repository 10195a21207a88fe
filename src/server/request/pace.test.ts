// Requests that work on something large, and whether others have their turn meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { install, widget, widgetDefinition, widgets } from '../custom-resources/widgets.testing.ts'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const bytes = 100_000
const large = (name: string) => ({ metadata: { name }, data: { a: 'x'.repeat(bytes) } })
const small = (name: string) => ({ metadata: { name }, data: { a: 'x' } })

/** In how many rounds of the event loop others could go on until it was answered. */
async function roundsOf(request: () => Promise<{ readonly status: number }>): Promise<number> {
  let rounds = 0
  let answered = false
  const count = (): void => {
    if (answered) return
    rounds++
    setImmediate(count)
  }
  setImmediate(count)
  const { status } = await request()
  answered = true
  assert.ok(status < 300, String(status))
  return rounds
}

const jsonPatch = { 'content-type': 'application/json-patch+json' }
const apply = { 'content-type': 'application/apply-patch+yaml' }
const operations = Array.from({ length: 500 }, (_, index) => ({ op: 'add', path: `/data/k${index}`, value: 'v' }))

const requests: readonly [name: string, request: (api: TestServer) => Promise<{ readonly status: number }>, atLeast: number][] = [
  ['creates something large', api => api.request('POST', path, large('new')), 6],
  ['replaces it', api => api.request('PUT', `${path}/large`, { ...large('large'), data: { a: 'y'.repeat(bytes) } }), 13],
  ['changes a bit of it', api => api.request('PATCH', `${path}/large`, { metadata: { labels: { a: 'b' } } }), 14],
  [
    'applies something large',
    api => api.request('PATCH', `${path}/new?fieldManager=m`, { apiVersion: 'v1', kind: 'ConfigMap', ...large('new') }, apply),
    15,
  ],
  ['deletes it', api => api.request('DELETE', `${path}/large`), 1],
  ['patches by many operations', api => api.request('PATCH', `${path}/small`, operations, jsonPatch), 4],
  ['deletes many, and only tries it', api => api.request('DELETE', `${path}?dryRun=All&labelSelector=many`), 4],
]
for (const [name, request, atLeast] of requests) {
  test(`others have their turn while a request ${name}`, async () => {
    await using api = new TestServer()
    await api.create(path, large('large'))
    await api.create(path, small('small'))
    for (let i = 0; i < 5; i++)
      await api.create(path, { metadata: { name: `m${i}`, labels: { many: '' } }, data: { a: 'x'.repeat(40_000) } })
    const rounds = await roundsOf(() => request(api))
    assert.ok(rounds >= atLeast, `${rounds} rounds`)
  })
}

const entryOf = (at: number) => ({
  ...{ manager: `m${at}`, operation: 'Apply', apiVersion: 'v1', time: '2026-01-01T00:00:00Z' },
  ...{ fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { [`f:k${at}`]: {} } } },
})
const numbered = (count: number, value: string) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, value]))

for (const [name, send] of [
  ['a patch', (api: TestServer, data: object) => api.request('PATCH', `${path}/shared`, { data })],
  [
    'an apply',
    (api: TestServer, data: object) =>
      api.request('PATCH', `${path}/shared?fieldManager=m&force=true`, { apiVersion: 'v1', kind: 'ConfigMap', data }, apply),
  ],
] as const) {
  test(`other requests run between the managers from which ${name} takes fields`, async () => {
    await using api = new TestServer()
    await api.create(path, { metadata: { name: 'shared' }, data: numbered(500, 'v') })
    const managedFields = Array.from({ length: 500 }, (_, at) => entryOf(at))
    await api.request('PUT', `${path}/shared`, { metadata: { name: 'shared', managedFields }, data: numbered(500, 'v') })
    const rounds = await roundsOf(() => send(api, numbered(500, 'w')))
    assert.ok(rounds >= 40, `${rounds} rounds`)
  })
}

test('a request for something small is not held up', async () => {
  await using api = new TestServer()
  assert.ok((await roundsOf(() => api.request('POST', path, small('a')))) <= 1)
  assert.ok((await roundsOf(() => api.request('PATCH', `${path}/a`, { data: { b: 'c' } }))) <= 1)
})

for (const [what, size, rule, atLeast, atMost] of [
  ['of 6 KB with rules', 6000, 'self.size() > 0', 4, 100],
  ['of 6 KB without rules', 6000, undefined, 0, 3],
  ['that is small, with rules', 100, 'self.size() > 0', 0, 3],
] as const) {
  test(`${atLeast} to ${atMost} other requests run while a custom resource is written ${what}`, async () => {
    await using api = new TestServer()
    const text = { type: 'string', maxLength: 10_000, ...(rule === undefined ? {} : { 'x-kubernetes-validations': [{ rule }] }) }
    const spec = { type: 'object', properties: { text } }
    await install(api, widgetDefinition({ version: { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } } }))
    // Loading and compiling for the first one does not count.
    assert.equal((await api.request('POST', widgets, widget('first', { text: 'x' }))).status, 201)
    const rounds = await roundsOf(() => api.request('POST', widgets, widget('a', { text: 'x'.repeat(size) })))
    assert.ok(rounds >= atLeast && rounds <= atMost, `${rounds} rounds`)
  })
}
