// Requests for group versions of aggregated servers: their identity, what reaches the backend, and what it can do to the client and this
// server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxWaiting } from '../../../server/proxy/aggregation/waiting-requests.ts'
import { createMemorySigner } from '../../../signer/memory-signer.ts'
import { admin, person } from '../secured-api.testing.ts'
import { Aggregation } from './aggregation.testing.ts'
import { apiServices, ExtensionServer } from './extension-server.testing.ts'
import { flunders, group } from './flunder-server.testing.ts'

const flunder = (name: string) => ({ apiVersion: `${group}/v1`, kind: 'Flunder', metadata: { name } })

test('objects of an APIService are created, listed, read and deleted by its backend', async () => {
  await using made = await Aggregation.open()
  const created = await made.request(admin, 'POST', flunders, flunder('a'))
  assert.equal(created.status, 201, created.text)
  assert.equal((await made.request(admin, 'GET', flunders)).json.items[0].metadata.name, 'a')
  assert.equal((await made.request(admin, 'GET', `${flunders}/a`)).json.kind, 'Flunder')
  assert.equal((await made.request(admin, 'DELETE', `${flunders}/a`)).status, 200)
  assert.equal((await made.request(admin, 'GET', `${flunders}/a`)).json.message, 'no such flunder')
  assert.equal((await made.request(admin, 'GET', `/apis/${group}/v1`)).json.resources[0].name, 'flunders')
})

test('the backend sees the front proxy’s certificate and the user, and nothing of the user’s credentials', async () => {
  await using made = await Aggregation.open()
  const user = { ...person('änn', 'team, a', 'b'), uid: 'u-1', extra: { 'example.com/Scopes%': ['one', 'two'] } }
  await made.request(admin, 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'flunders' },
    rules: [{ apiGroups: [group], resources: ['flunders'], verbs: ['list'] }],
  })
  await made.request(admin, 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'flunders' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flunders' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'änn' }],
  })
  const reply = await made.api.send({
    url: `${flunders}?limit=5`,
    identity: user,
    headers: {
      authorization: 'Bearer secret',
      'x-remote-user': 'system:admin',
      'x-remote-group': 'system:masters',
      'x-remote-extra-scopes': 'all',
      'x-remote-uid': '0',
      x_remote_user: 'system:admin',
      connection: 'x-remote-user, x-kept',
      'x-kept': 'no',
      'x-other': 'yes',
    },
  })
  assert.equal(reply.status, 200)
  const [seen] = made.extension.asked
  assert.equal(seen?.url, `${flunders}?limit=5`)
  assert.equal(seen?.frontProxy, 'front-proxy-client')
  const { headersDistinct: headers } = seen ?? { headersDistinct: {} }
  const text = (name: string) => headers[name]?.map(value => Buffer.from(value, 'latin1').toString())
  assert.deepEqual(text('x-remote-user'), ['änn'])
  assert.deepEqual(text('x-remote-uid'), ['u-1'])
  assert.deepEqual(text('x-remote-group'), ['team, a', 'b', 'system:authenticated'])
  assert.deepEqual(text('x-remote-extra-example.com%2fscopes%25'), ['one', 'two'])
  for (const name of ['authorization', 'x-remote-extra-scopes', 'x_remote_user', 'x-kept']) assert.equal(headers[name], undefined, name)
  assert.deepEqual(headers['x-other'], ['yes'])
  assert.deepEqual(headers['host'], ['wardle.default.svc:443'])
  assert.equal(headers['audit-id']?.[0], reply.auditId)
})

test('an impersonator reaches the backend as the other user', async () => {
  await using made = await Aggregation.open()
  const headers = { 'impersonate-user': 'bob', 'impersonate-group': ['system:masters'] }
  const reply = await made.api.send({ url: flunders, identity: admin, headers })
  assert.equal(reply.status, 200)
  const [seen] = made.extension.asked
  assert.deepEqual(seen?.headersDistinct['x-remote-user'], ['bob'])
  assert.equal(
    Object.keys(seen?.headers ?? {}).some(name => name.startsWith('impersonate-')),
    false,
  )
})

test('a request without the right does not reach the backend, and each is audited', async () => {
  await using made = await Aggregation.open()
  const refused = await made.request(person('ann'), 'GET', flunders)
  assert.equal(refused.status, 403)
  assert.match(
    refused.json.message,
    /User "ann" cannot list resource "flunders" in API group "wardle.example.com" in the namespace "default"/,
  )
  assert.deepEqual(made.extension.asked, [])
  await made.request(admin, 'GET', flunders)
  const events = made.api.events.filter(({ objectRef }) => objectRef?.apiGroup === group)
  assert.deepEqual(
    events.map(({ verb, stage, responseStatus }) => [verb, stage, responseStatus?.code]),
    [
      ['list', 'ResponseComplete', 403],
      ['list', 'ResponseComplete', 200],
    ],
  )
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`CVE-2022-3172: a backend that answers ${status} redirects no client, and is not followed`, async () => {
    await using made = await Aggregation.open()
    await using other = await ExtensionServer.start(made.api.signer)
    made.answerFlunders = (_request, response) => {
      response.writeHead(status, { location: `https://127.0.0.1:${other.port}/stolen` })
      response.end()
    }
    const answer = await made.request(admin, 'GET', flunders)
    assert.equal(answer.status, 502)
    assert.equal(answer.text, 'the backend attempted to redirect this request, which is not permitted')
    assert.equal(answer.headers['location'], undefined)
    assert.equal(other.connections, 0)
  })
}

test('a backend with a certificate of another name is not spoken to', async () => {
  await using made = await Aggregation.open({ dnsName: 'wardle.other.svc', available: false })
  const condition = await made.firstCondition()
  assert.equal(condition.reason, 'FailedDiscoveryCheck')
  assert.match(
    condition.message,
    /failing or missing response from https:\/\/wardle\.default\.svc:443\/apis\/wardle\.example\.com\/v1: .*tls: /,
  )
  assert.deepEqual(made.extension.seen, [])
  const answer = await made.request(admin, 'GET', flunders)
  assert.equal(answer.status, 503)
  assert.equal(answer.text, 'service unavailable\n')
})

test('a backend with a certificate of another authority is not spoken to', async () => {
  await using other = await Aggregation.open({ signer: createMemorySigner() })
  await using made = await Aggregation.open({ spec: { caBundle: other.extension.caBundle }, available: false })
  const condition = await made.firstCondition()
  assert.match(condition.message, /tls: .*(unable to|self-signed|unknown|verify)/i)
  assert.deepEqual(made.extension.seen, [])
})

test('the secure profile verifies every backend; the upstream profile leaves it to the APIService', async () => {
  await using made = await Aggregation.open({
    profile: 'upstream',
    dnsName: 'anything',
    spec: { caBundle: undefined, insecureSkipTLSVerify: true },
  })
  assert.equal((await made.request(admin, 'GET', flunders)).status, 200)
  await using secure = await Aggregation.open()
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`
  const patch = { spec: { caBundle: null, insecureSkipTLSVerify: true } }
  const refused = await secure.request(admin, 'PATCH', path, patch)
  assert.equal(refused.status, 403)
  assert.match(
    refused.json.message,
    /insecureSkipTLSVerify: any server on the address .* a certificate for "wardle\.default\.svc", .* in spec\.caBundle$/,
  )
})

test("the refusal of metrics-server's APIService says that the cluster needs none", async () => {
  await using made = await Aggregation.open()
  const object = (group: string) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1beta1.${group}` },
    spec: {
      ...{ group, version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true },
      service: { name: 'metrics-server', namespace: 'kube-system' },
    },
  })
  const create = async (group: string) => await made.request(admin, 'POST', '/apis/apiregistration.k8s.io/v1/apiservices', object(group))
  const needless = /or leave this APIService out: the cluster answers metrics\.k8s\.io\/v1beta1 itself/
  const refused = await create('metrics.k8s.io')
  assert.equal(refused.status, 403)
  assert.match(refused.json.message, needless)
  assert.doesNotMatch((await create('custom.metrics.k8s.io')).json.message, needless)
})

test('a built-in group version is never answered by another server', async () => {
  await using made = await Aggregation.open()
  const path = '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps'
  const { namespace, name } = { namespace: 'default', name: 'wardle' }
  const patched = await made.request(admin, 'PATCH', path, { spec: { service: { namespace, name }, caBundle: made.extension.caBundle } })
  assert.equal(patched.status, 200, patched.text)
  const seen = made.extension.seen.length
  const answer = await made.request(admin, 'GET', '/apis/apps/v1/namespaces/default/deployments')
  assert.equal(answer.json.kind, 'DeploymentList')
  assert.equal((await made.request(admin, 'GET', '/apis/apps/v1')).json.groupVersion, 'apps/v1')
  assert.equal(
    made.extension.seen.slice(seen).some(({ url }) => url.includes('deployments')),
    false,
  )
})

test('the APIService of a built-in group version is always local, and its service is not contacted', async () => {
  await using made = await Aggregation.open()
  // No APIService of this group is created at the start.
  const [builtIn, version] = ['apiregistration.k8s.io', 'v1']
  const service = { namespace: 'default', name: 'wardle' }
  const spec = { group: builtIn, version, groupPriorityMinimum: 1, versionPriority: 1, service, caBundle: made.extension.caBundle }
  await made.api.create(apiServices, { metadata: { name: `${version}.${builtIn}` }, spec })
  const { status, reason } = await made.until(() => true, `${version}.${builtIn}`)
  assert.deepEqual([status, reason], ['True', 'Local'])
  assert.equal(
    made.extension.seen.some(({ url }) => url.includes(builtIn)),
    false,
  )
})

test('a backend that truncates its answer, sends nonsense or disconnects is reported as such', async () => {
  await using made = await Aggregation.open()
  made.answerFlunders = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
    response.write('{"kind"')
    setImmediate(() => response.destroy())
  }
  assert.equal((await made.request(admin, 'GET', flunders)).status, 503)
  made.answerFlunders = request => void request.socket.end('SSH-2.0-OpenSSH\r\n')
  const nonsense = await made.request(admin, 'GET', flunders)
  assert.equal(nonsense.status, 503)
  assert.match(nonsense.text, /^error trying to reach service: /)
  made.answerFlunders = request => void request.socket.destroy()
  assert.equal((await made.request(admin, 'GET', flunders)).status, 503)
})

test('a page of another origin opens no WebSocket to a backend with the certificate of its viewer', async () => {
  await using made = await Aggregation.open()
  const headers = { upgrade: 'websocket', connection: 'Upgrade', host: 'api.example', origin: 'https://evil.example' }
  const reply = await made.api.send({ url: `${flunders}/a/exec`, identity: admin, upgrade: 'websocket', headers })
  assert.equal(reply.status, 403)
  assert.deepEqual(made.extension.asked, [])
})

test('warnings of the backend reach the client, and headers reserved for this server do not', async () => {
  await using made = await Aggregation.open()
  made.answerFlunders = (_request, response) => {
    response.setHeader('warning', '299 - "flunders are deprecated"')
    response.setHeader('audit-id', 'forged')
    response.setHeader('access-control-allow-origin', '*')
    response.end('{}')
  }
  const { status, headers } = await made.request(admin, 'GET', flunders)
  assert.equal(status, 200)
  assert.equal(headers['warning'], '299 - "flunders are deprecated"')
  for (const name of ['audit-id', 'access-control-allow-origin']) assert.equal(headers[name], undefined, name)
})

test('a client that disconnects ends its request at a hanging backend', async () => {
  await using made = await Aggregation.open()
  const arrived = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  made.answerFlunders = request => {
    request.socket.once('close', () => closed.resolve())
    arrived.resolve()
  }
  const stop = new AbortController()
  const asked = made.api.send({ url: flunders, identity: admin, signal: stop.signal })
  await arrived.promise
  stop.abort(new Error('the client is gone'))
  await closed.promise
  assert.equal((await asked).status >= 500, true)
})

test('a backend that hangs takes no seat of others: the rest of the API answers while many wait for it', async () => {
  await using made = await Aggregation.open()
  let waiting = 0
  const first = Promise.withResolvers<void>()
  const full = Promise.withResolvers<void>()
  made.answerFlunders = () => {
    first.resolve()
    if (++waiting === maxWaiting.ofCaller) full.resolve()
  }
  await grantAll(made, 'ann')
  const stop = new AbortController()
  const hang = () => made.api.send({ url: flunders, identity: person('ann'), signal: stop.signal })
  const hanging = [hang()]
  await first.promise
  const metrics = (await made.request(admin, 'GET', '/metrics')).text
  const seats = [...metrics.matchAll(/^apiserver_flowcontrol_current_executing_seats\{.*priority_level="global-default".*\} (\d+)$/gm)]
  assert.deepEqual(new Set(seats.map(([, taken]) => taken)), new Set(['0']))
  for (let sent = 1; sent < maxWaiting.ofCaller; sent++) hanging.push(hang())
  await full.promise
  const refused = await made.request(person('ann'), 'GET', flunders)
  assert.equal(refused.status, 429)
  assert.match(refused.json.message, /too many requests wait for the API service "v1.wardle.example.com"/)
  assert.equal((await made.request(person('ann'), 'GET', '/apis/apps/v1/namespaces/default/deployments')).status, 200)
  stop.abort(new Error('the test is done'))
  await Promise.all(hanging)
})

async function grantAll(made: Aggregation, name: string): Promise<void> {
  await made.api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  })
}

test('a watch is passed on event by event, and ends at the backend with its client', async () => {
  await using made = await Aggregation.open()
  const closed = Promise.withResolvers<void>()
  let next: () => void = () => undefined
  made.answerFlunders = (request, response) => {
    request.socket.once('close', () => closed.resolve())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"type":"ADDED"}\n')
    next = () => void response.write('{"type":"MODIFIED"}\n')
  }
  const stop = new AbortController()
  const reply = await made.api.send({ url: `${flunders}?watch=true`, identity: admin, signal: stop.signal })
  assert.equal(reply.longRunning, true)
  if (typeof reply.body !== 'function') throw new Error('no stream')
  const lines: string[] = []
  const second = Promise.withResolvers<void>()
  const write = (chunk: Buffer) => {
    lines.push(chunk.toString())
    if (lines.length === 1) next()
    else second.resolve()
    return true
  }
  const running = reply.body({ write, drained: async () => undefined }, stop.signal)
  await second.promise
  assert.deepEqual(lines, ['{"type":"ADDED"}\n', '{"type":"MODIFIED"}\n'])
  stop.abort(new Error('the client is gone'))
  await running.catch(() => undefined)
  await closed.promise
})

test('reads share a connection, writes have their own, and one that the backend closed meanwhile is no failure', async () => {
  await using made = await Aggregation.open()
  const connections = () => new Set(made.extension.asked.map(({ clientPort }) => clientPort)).size
  for (let i = 0; i < 5; i++) assert.equal((await made.request(admin, 'GET', flunders)).status, 200)
  assert.equal(connections(), 1)
  await made.request(admin, 'POST', flunders, flunder('a'))
  assert.equal(connections(), 2)
  const asked = made.extension.asked.length
  // The next request finds its connection closed without an answer.
  const usual = made.extension.answer
  let cut = 0
  made.answerFlunders = (request, response) => {
    if (cut++ === 0) request.socket.destroy()
    else usual(request, response)
  }
  assert.equal((await made.request(admin, 'GET', flunders)).status, 200)
  assert.equal(made.extension.asked.length, asked + 2)
})

test('connections are not kept for an APIService that leads elsewhere', async () => {
  await using made = await Aggregation.open()
  await using other = await Aggregation.open({ signer: createMemorySigner() })
  assert.equal((await made.request(admin, 'GET', flunders)).status, 200)
  const asked = made.extension.asked.length
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`
  assert.equal((await made.request(admin, 'PATCH', path, { spec: { caBundle: other.extension.caBundle } })).status, 200)
  assert.equal((await made.request(admin, 'GET', flunders)).status, 503)
  assert.equal(made.extension.asked.length, asked)
})
