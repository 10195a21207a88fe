import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Credentials } from '../access/access.ts'
import type { AuditEvent } from '../access/audit/audit-event.ts'
import { AuditFailure } from '../access/audit/audit-failure.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { WriteFailed } from '../store/store.ts'
import { defaultFlowLimits } from './flow-control/flow-control.ts'
import { heldStore } from './held-store.testing.ts'
import { answerHeaders, headersByName } from './http/answer-headers.ts'
import type { ServerRequest } from './http/exchange.ts'
import { allowWhere, answerOf, readAnswer, TestServer, testUser } from './testing.ts'

const noSignal = new AbortController().signal

async function send(api: TestServer, request: Partial<ServerRequest> & { url: string }) {
  const reply = await answerOf(api.server.handle, { credentials: { remoteAddress: '192.0.2.7' }, ...request })
  const body = typeof reply.body === 'function' ? '' : reply.body.toString()
  reply.done({ bytes: body.length, cut: false })
  return { status: reply.status, json: body.startsWith('{') ? JSON.parse(body) : undefined, text: body }
}

test('handle() answers 401 without an identity, also for unknown paths', async () => {
  await using api = new TestServer()
  for (const url of ['/api/v1/pods', '/api/v1/nothing', '/', '/version', '/metrics']) {
    const { status, json } = await send(api, { url })
    assert.equal(status, 401, url)
    assert.deepEqual(json, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    })
  }
  assert.equal(api.events.at(-1)?.user.username, 'system:anonymous')
})

test('handle() allows anyone the health checks if the authorizer allows it', async () => {
  await using api = new TestServer()
  assert.equal((await send(api, { url: '/livez' })).text, 'ok')
  await using closed = new TestServer({ authorize: allowWhere(() => false) })
  assert.equal((await send(closed, { url: '/livez' })).status, 403)
})

test('handle() hands the credentials to the authenticator and nothing of a rejection to the client', async () => {
  const seen: Credentials[] = []
  await using api = new TestServer({
    authenticate: async credentials => {
      seen.push(credentials)
      return { outcome: 'rejected', reason: 'the token is of another cluster' }
    },
  })
  const { status, text } = await send(api, { url: '/api/v1/pods', credentials: { remoteAddress: 'x', authorization: 'Bearer t' } })
  assert.equal(status, 401)
  assert.doesNotMatch(text, /another cluster/)
  assert.equal(seen[0]?.authorization, 'Bearer t')
})

const forbidden: readonly [string, string, string, string][] = [
  [
    'list in a namespace',
    'GET',
    '/api/v1/namespaces/y/pods',
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"',
  ],
  [
    'get',
    'GET',
    '/apis/apps/v1/namespaces/y/deployments/d',
    'deployments.apps "d" is forbidden: User "x" cannot get resource "deployments" in API group "apps" in the namespace "y"',
  ],
  [
    'cluster scope',
    'DELETE',
    '/api/v1/nodes/n',
    'nodes "n" is forbidden: User "x" cannot delete resource "nodes" in API group "" at the cluster scope',
  ],
  [
    'subresource',
    'GET',
    '/api/v1/namespaces/y/pods/p/log',
    'pods "p" is forbidden: User "x" cannot get resource "pods/log" in API group "" in the namespace "y"',
  ],
  [
    'what is not served',
    'GET',
    '/apis/foo.io/v1/bars',
    'bars.foo.io is forbidden: User "x" cannot list resource "bars" in API group "foo.io" at the cluster scope',
  ],
  ['a path', 'GET', '/metrics', 'forbidden: User "x" cannot get path "/metrics"'],
  [
    'a name with a quote and a control character',
    'GET',
    '/api/v1/nodes/a%22%01',
    String.raw`nodes "a\"\x01" is forbidden: User "x" cannot get resource "nodes" in API group "" at the cluster scope`,
  ],
]
for (const [name, method, url, message] of forbidden) {
  test(`handle() forbids ${name} in upstream's words`, async () => {
    await using api = new TestServer({ authorize: allowWhere(() => false) })
    const { status, json } = await send(api, { method, url, identity: { name: 'x', groups: [] } })
    assert.equal(status, 403)
    assert.equal(json.message, message)
    assert.equal(json.reason, 'Forbidden')
    assert.equal(api.events.at(-1)?.annotations?.['authorization.k8s.io/decision'], 'forbid')
  })
}

for (const url of ['/nothing', '/apis/nothing.example', '/apis/nothing.example/v1/things', '/healthz/nothing']) {
  test(`handle() answers ${url}, which is not a path of the API, with plain text`, async () => {
    await using api = new TestServer()
    const { status, text } = await send(api, { url, identity: testUser })
    assert.equal(status, 404)
    assert.equal(text, '404 page not found\n')
  })
}

const malformed: readonly [string, number][] = [
  ['/api/v1/namespaces/%zz/pods', 400],
  ['/api/v1/namespaces/../pods', 400],
  ['/api/v1/namespaces/%2e%2e/pods', 400],
  ['/api/v1/namespaces/a%00b/pods', 400],
  [`/api/v1/namespaces/${'a'.repeat(9000)}/pods`, 414],
  [`/api/v1/namespaces/a/nothing?command=${'a'.repeat(20_000)}`, 404],
  [`/api/v1/namespaces/a/nothing?command=${'a'.repeat(33_000)}`, 414],
  [`/api/v1/namespaces/a/nothing?${'command=a&'.repeat(900)}`, 404],
  [`/api/v1/namespaces/a/nothing?${'command=a&'.repeat(1001)}`, 400],
  ['/api/v1/nothing', 404],
  ['/api/v1/namespaces/a/pods/p/nothing', 404],
  ['/api/v2/pods', 404],
]
for (const [url, expected] of malformed) {
  test(`handle() answers ${expected} for ${url.slice(0, 40)} of ${url.length} bytes`, async () => {
    await using api = new TestServer()
    const { status, json } = await send(api, { url, identity: testUser })
    assert.equal(status, expected)
    assert.equal(json.kind, 'Status')
  })
}

test('handle() answers 405 for a verb that a resource has not', async () => {
  await using api = new TestServer()
  assert.equal((await api.request('DELETE', '/api/v1/namespaces')).status, 405)
})

test('handle() impersonates if each part of the identity is allowed', async () => {
  const asked: string[] = []
  await using api = new TestServer({
    authorize: allowWhere(({ verb, resource, name, subresource, user }) => {
      asked.push(`${user.name} ${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} ${name}`)
      return verb !== 'impersonate' || name !== 'secret-group'
    }),
  })
  const headers = { 'impersonate-user': 'system:serviceaccount:a:b', 'impersonate-extra-scope': ['x'] }
  assert.equal((await send(api, { url: '/api/v1/pods', identity: { name: 'admin', groups: [] }, headers })).status, 200)
  assert.deepEqual(asked, [
    'admin impersonate serviceaccounts b',
    'admin impersonate userextras/scope x',
    'system:serviceaccount:a:b list pods ',
  ])
  const event = api.events.at(-1)
  assert.equal(event?.user.username, 'admin')
  assert.deepEqual(event?.impersonatedUser?.groups, ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'])

  const refused = await send(api, {
    url: '/api/v1/pods',
    identity: testUser,
    headers: { 'impersonate-user': 'u', 'impersonate-group': ['secret-group'] },
  })
  assert.equal(refused.status, 403)
  assert.match(refused.json.message, /groups "secret-group" is forbidden: User "tester" cannot impersonate resource "groups"/)
  assert.equal((await send(api, { url: '/api/v1/pods', identity: testUser, headers: { 'impersonate-group': 'g' } })).status, 400)
})

test('handle() reveals no type of answer to a user without rights, as upstream', async () => {
  await using api = new TestServer({ authorize: allowWhere(({ verb }) => verb !== 'list') })
  const sniffed = async (path: string) => (await api.request('GET', path)).headers['x-content-type-options']
  assert.deepEqual([await sniffed('/api/v1/pods'), await sniffed('/api/v1/namespaces/default/pods/a')], ['nosniff', undefined])
})

test('handle() takes the name of no possible ServiceAccount for that of a user', async () => {
  const asked: string[] = []
  await using api = new TestServer({
    authorize: allowWhere(({ resource, name }) => {
      asked.push(`${resource} ${name}`)
      return true
    }),
  })
  for (const name of ['system:serviceaccount:A:b', 'system:serviceaccount:a:b_c', 'system:serviceaccount:a'])
    await send(api, { url: '/version', identity: testUser, headers: { 'impersonate-user': name } })
  assert.deepEqual(
    asked.filter(text => text.startsWith('users ') || text.startsWith('serviceaccounts ')),
    ['users system:serviceaccount:A:b', 'users system:serviceaccount:a:b_c', 'users system:serviceaccount:a'],
  )
})

test('handle() reads impersonated names as UTF-8, of which transports pass the bytes', async () => {
  await using api = new TestServer({ authorize: allowWhere(({ verb }) => verb === 'impersonate') })
  const wire = (text: string): string => Buffer.from(text).toString('latin1')
  const act = (headers: Record<string, string>) => send(api, { url: '/api/v1/pods', identity: testUser, headers })
  const asked = await act({ 'impersonate-user': wire('é'), 'impersonate-group': wire('ü') })
  assert.match(asked.json.message, /^pods is forbidden: User "é" cannot list/)
  assert.deepEqual(api.events.at(-1)?.impersonatedUser?.groups, ['ü', 'system:authenticated'])
  const odd = await act({ 'impersonate-user': '\xe9' })
  assert.deepEqual([odd.status, odd.json.message], [400, 'header "impersonate-user" is not UTF-8'])
})

test('handle() shows nothing of an unexpected failure but the audit id', async () => {
  await using api = new TestServer({
    admission: {
      mutate() {
        throw new TypeError('secret detail')
      },
      validate: () => undefined,
    },
  })
  const { status, json, headers } = await api.request('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'a' } })
  assert.equal(status, 500)
  assert.equal(json.message, 'Internal error occurred: internal error')
  assert.match(headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(headers['cache-control'], 'no-cache, private')
})

test('handle() acknowledges no write whose audit record fails, and does not claim that nothing happened', async () => {
  let fails = false
  const full = new AuditFailure('no space is left for the audit log')
  await using api = new TestServer({
    audit: { record: ({ verb }) => (fails && verb === 'create' ? Promise.reject(full) : undefined) },
  })
  fails = true
  const path = '/api/v1/namespaces/a/configmaps'
  const { status, json } = await api.request('POST', path, { metadata: { name: 'a' } })
  assert.equal(status, 503)
  assert.equal(json.message, 'it may have been carried out, and its audit record is missing: no space is left for the audit log')
  assert.equal((await api.get(`${path}/a`)).status, 200)
  assert.match(
    (await api.request('POST', path, { metadata: { name: 'a' } })).json.message,
    /^the audit record of its refusal is missing: no space/,
  )
})

test('handle() records a write beside its commit, and answers after both', async () => {
  const held = heldStore()
  const recorded = Promise.withResolvers<void>()
  const record = ({ responseStatus, objectRef }: AuditEvent) => {
    held.happened.push(`recorded ${responseStatus?.code} ${objectRef?.name}`)
    return recorded.promise
  }
  await using api = new TestServer({ store: held.store, audit: { record } })
  const answer = api.request('POST', '/api/v1/namespaces/a/configmaps', { metadata: { generateName: 'a-' } }).then(({ status }) => {
    held.happened.push(`answered ${status}`)
  })
  await held.committing
  assert.match(held.happened.join(), /^recorded 201 a-\w+,commit begun$/)
  held.commit()
  await held.store.settled()
  held.happened.push('synced')
  recorded.resolve()
  await answer
  assert.deepEqual(held.happened.slice(1), ['commit begun', 'synced', 'answered 201'])
})

test('handle() records the result of a write that was not stored', async () => {
  const held = heldStore()
  await using api = new TestServer({ store: held.store })
  const answer = api.request('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'a' } })
  await held.committing
  held.fail(new WriteFailed('no space', { retriable: true }))
  assert.equal((await answer).status, 503)
  assert.deepEqual(
    api.events.map(({ auditID, responseStatus }) => [auditID === api.events[0]?.auditID, responseStatus?.code]),
    [
      [true, 201],
      [true, 503],
    ],
  )
})

test('handle() records no success for a write that a failed store refuses', async () => {
  const held = heldStore()
  held.store.fail(new WriteFailed('The disk failed', { retriable: false }))
  await using api = new TestServer({ store: held.store })
  for (let i = 0; i < 2; i++)
    assert.equal((await api.request('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'a' } })).status, 500)
  assert.deepEqual(
    api.events.map(({ responseStatus }) => responseStatus?.code),
    [500, 500],
  )
})

for (const [method, body, status] of [
  ['PUT', { metadata: { name: 'a' }, data: { x: '1' } }, 200],
  ['PATCH', { data: { x: '2' } }, 200],
  ['DELETE', undefined, 200],
] as const) {
  test(`handle() records one event for ${method}`, async () => {
    await using api = new TestServer()
    await api.create('/api/v1/namespaces/a/configmaps', { metadata: { name: 'a' } })
    const answer = await api.request(method, `/api/v1/namespaces/a/configmaps/a`, body, {
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    })
    assert.equal(answer.status, status)
    assert.deepEqual(
      api.events.map(({ responseStatus }) => responseStatus?.code),
      [201, status],
    )
  })
}

test('handle() records one event a request, and two for a watch', async () => {
  await using api = new TestServer()
  await api.create('/api/v1/namespaces/a/configmaps', { metadata: { name: 'a' } })
  assert.equal(api.events.length, 1)
  const [event] = api.events
  assert.deepEqual(event?.objectRef, { resource: 'configmaps', namespace: 'a', name: 'a', apiVersion: 'v1' })
  assert.equal(event?.stage, 'ResponseComplete')
  assert.equal(event?.responseStatus?.code, 201)
  const transport = api.as(testUser)
  const response = await transport.request({ method: 'GET', path: '/api/v1/pods?watch=1&timeoutSeconds=1' }, noSignal)
  assert.equal(api.events.at(-1)?.stage, 'ResponseStarted')
  await readAnswer(response)
  assert.equal(api.events.at(-1)?.stage, 'ResponseComplete')
  assert.equal(api.events.length, 3)
})

test('handle() refuses an answer form that it cannot make', async () => {
  await using api = new TestServer()
  const accept = 'application/json;as=Deployment;v=v1;g=meta.k8s.io'
  const { status, json } = await api.get('/api/v1/pods', { accept })
  assert.equal(status, 406)
  const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
  assert.equal(json.message, `only the following media types are accepted: ${types}`)
  assert.equal((await api.get('/api/v1/pods', { accept: `${accept},application/json` })).status, 200)
})

test('handle() gives the place of a watch back when it ends, and of one that is refused at once', async () => {
  await using api = new TestServer({ flowLimits: { ...defaultFlowLimits, watchesPerUser: 1 } })
  const identity = { name: 'x', groups: [] }
  const watch = (url: string) => answerOf(api.server.handle, { url, identity })
  const url = '/api/v1/pods?watch=1'
  // Not answered with done(): the place of a refused watch must not wait for its transport.
  assert.equal((await watch(`${url}&resourceVersionMatch=nonsense`)).status, 422)
  const open = await watch(url)
  assert.equal(open.status, 200)
  const beyond = await watch(url)
  assert.equal(beyond.status, 429)
  assert.equal(headersByName(answerHeaders(beyond))['retry-after'], '1')
  open.done({ bytes: 0, cut: true })
  assert.equal((await watch(url)).status, 200)
})

test('handle() counts a watch of long selectors as many', async () => {
  await using api = new TestServer({ flowLimits: { ...defaultFlowLimits, watchesPerUser: 3 } })
  const identity = { name: 'x', groups: [] }
  const watch = (labels: number) => {
    const selector = Array.from({ length: labels }, (_, index) => `label-${index}!=a`).join()
    return answerOf(api.server.handle, { url: `/api/v1/pods?watch=1&labelSelector=${selector}`, identity })
  }
  assert.equal((await watch(40)).status, 429)
  const open = await watch(25)
  assert.equal(open.status, 200)
  assert.equal((await watch(1)).status, 429)
  open.done({ bytes: 0, cut: true })
  assert.equal((await watch(1)).status, 200)
})

test('handle() logs no error for a client that leaves while its request waits', async () => {
  const errors: string[] = []
  const log: Logger = { ...silentLogger, error: message => void errors.push(message), with: () => log }
  await using api = new TestServer({ log })
  const client = new AbortController()
  const answer = send(api, {
    ...{ url: '/api/v1/namespaces/default/configmaps', method: 'POST', identity: testUser, signal: client.signal },
    headers: { 'content-type': 'application/yaml' },
    body: async () => {
      // Before the thread that parses it has an answer.
      setImmediate(() => client.abort(new Error('the client is gone')))
      return Buffer.from(`data:\n${Array.from({ length: 10_000 }, (_, index) => `  k${index}: "${index}"\n`).join('')}`)
    },
  })
  assert.equal((await answer).status, 504)
  assert.deepEqual(errors, [])
})
