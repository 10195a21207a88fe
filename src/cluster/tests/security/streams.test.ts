// Open streams end with the identity that opened them; the deny list requires its own right.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { AuditFailure } from '../../../access/audit/audit-failure.ts'
import { deniedCredentials } from '../../../api/credentials/denied-credentials-names.ts'
import { admin, person, restrictedPod, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const listPath = `/api/v1/namespaces/kube-system/configmaps/${deniedCredentials.name}`
const deny = (api: SecuredApi, data: Record<string, string | null>) => api.request(admin, 'PATCH', listPath, { data })

async function mayView(api: SecuredApi, name: string): Promise<void> {
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: `view-${name}` },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'cluster-admin' },
  })
}

/** Starts the body of a long answer; `over` resolves when it ended by itself. */
async function open(api: SecuredApi, peerCertificate: Buffer, url: string) {
  const reply = await api.send({ url, credentials: { remoteAddress: '192.0.2.1', peerCertificate } })
  assert.equal(reply.status, 200)
  const { body } = reply
  assert.ok(typeof body === 'function')
  let ended = false
  const over = body({ write: () => true, drained: async () => undefined }, new AbortController().signal).then(() => {
    ended = true
    reply.done({ bytes: 0, cut: false })
  })
  return { over, isOpen: () => !ended }
}

test('a watch ends in the turn in which its certificate is denied, and others go on', async () => {
  await using api = await SecuredApi.open()
  for (const name of ['ann', 'bob']) await mayView(api, name)
  const [ann, bob] = [await api.certificate('ann'), await api.certificate('bob')]
  const watches = [await open(api, ann, '/api/v1/pods?watch=1'), await open(api, bob, '/api/v1/pods?watch=1')]
  const { json } = await api.present({ peerCertificate: ann }, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: async () => Buffer.from('{}'),
  })
  const [id = ''] = json.status.userInfo.extra['authentication.kubernetes.io/credential-id']
  assert.equal((await deny(api, { lost: `certificate:${id.replace('X509SHA256=', '')}` })).status, 200)
  await watches[0]?.over
  assert.equal(watches[1]?.isOpen(), true)
  assert.equal((await api.present({ peerCertificate: ann }, '/api/v1/pods')).status, 401)
  assert.equal((await api.present({ peerCertificate: bob }, '/api/v1/pods')).status, 200)
  await deny(api, { lost: null })
  assert.equal((await api.present({ peerCertificate: ann }, '/api/v1/pods')).status, 200)
})

test('a watch ends when its certificate expires', async () => {
  const clock = new SteppedClock()
  await using api = await SecuredApi.open({ clock })
  await mayView(api, 'ann')
  const watch = await open(api, await api.certificate('ann', [], { lifetimeSeconds: 600 }), '/api/v1/pods?watch=1')
  clock.advance(599_000)
  await new Promise(setImmediate)
  assert.equal(watch.isOpen(), true)
  clock.advance(2000)
  await watch.over
})

test('a followed log and an upgraded connection end when their user is denied', async () => {
  await using api = await SecuredApi.open()
  await mayView(api, 'ann')
  const certificate = await api.certificate('ann')
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await api.create('/api/v1/namespaces/default/pods', restrictedPod('p', { nodeName: 'n1' }))
  await api.request(admin, 'PATCH', '/api/v1/namespaces/default/pods/p/status', {
    status: { containerStatuses: [{ name: 'c', state: { running: {} }, image: 'i', imageID: '', ready: true, restartCount: 0 }] },
  })
  const streams: PassThrough[] = []
  api.server.nodeTunnels.register('n1', async () => {
    const stream = new PassThrough()
    streams.push(stream)
    return { status: 200, contentType: 'text/plain', stream }
  })
  const log = await open(api, certificate, '/api/v1/namespaces/default/pods/p/log?follow=true')
  const exec = await api.send({
    method: 'POST',
    url: '/api/v1/namespaces/default/pods/p/exec?command=sh&stdout=true',
    headers: { 'x-stream-protocol-version': 'v4.channel.k8s.io' },
    upgrade: 'spdy/3.1',
    credentials: { remoteAddress: '192.0.2.1', peerCertificate: certificate },
  })
  assert.equal(exec.status, 101)
  const socket = new PassThrough()
  const upgraded = exec.upgrade?.({ socket, head: Buffer.alloc(0), message: Object.create(null) })
  assert.equal(streams.length, 2)
  await deny(api, { leaver: 'user-name:ann' })
  await Promise.all([log.over, upgraded])
  assert.equal(socket.destroyed, true)
  assert.ok(streams.every(stream => stream.destroyed))
})

test('a denied user can neither be impersonated nor impersonate', async () => {
  await using api = await SecuredApi.open()
  await deny(api, { leaver: 'user-name:ann' })
  const headers = { 'impersonate-user': 'ann' }
  const acting = await api.present({ peerCertificate: await api.certificate('bulkhead-admin', ['system:masters']) }, '/api/v1/pods', {
    headers,
  })
  assert.equal(acting.status, 403)
  assert.match(acting.json.message, /cannot act as user "ann": the user is denied/)
  assert.equal((await api.request(person('ann', 'system:masters'), 'GET', '/api/v1/pods')).status, 401)
})

const refusedLists: readonly [string, Record<string, string>, RegExp][] = [
  ['text without a kind', { a: 'abc' }, /data\[a\]: Invalid value: "abc": must be "<kind>:<value>"/],
  ['a short fingerprint', { a: 'certificate:abcd' }, /must name a SHA-256 fingerprint/],
  ['its own author', { a: 'user-name:admin' }, /would deny the credential or the user of this very request/],
  ['the API server', { a: 'user-name:system:apiserver' }, /is the API server itself/],
]
for (const [name, data, message] of refusedLists) {
  test(`the deny list does not take ${name}`, async () => {
    await using api = await SecuredApi.open()
    const { status, json } = await deny(api, data)
    assert.equal(status, 422)
    assert.match(json.message, message)
  })
}

test('write access to ConfigMaps is no right to the deny list; the role bulkhead:credential-denier is', async () => {
  await using api = await SecuredApi.open()
  const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings'
  const bind = (user: string, kind: string, role: string) =>
    api.create(bindings, {
      metadata: { name: `${user}-${role.replace(':', '-')}` },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
      roleRef: { kind, apiGroup: 'rbac.authorization.k8s.io', name: role },
    })
  await bind('editor', 'ClusterRole', 'edit')
  await bind('guard', 'Role', 'bulkhead:credential-denier')
  const data = { a: 'user-name:mallory' }
  for (const [method, path, body] of [
    ['PATCH', listPath, { data }],
    ['PUT', listPath, { metadata: { name: deniedCredentials.name }, data }],
    ['DELETE', listPath, undefined],
    ['DELETE', '/api/v1/namespaces/kube-system/configmaps', undefined],
  ] as const) {
    const { status, text } = await api.request(person('editor'), method, path, body)
    assert.equal(status, 403, `${method} ${path}: ${text}`)
    assert.match(text, /needs the verb \\"deny\\" on \\"credentials.access.bulkhead.dev\\"/)
  }
  assert.equal((await api.request(person('guard'), 'PATCH', listPath, { data })).status, 200)
  assert.equal((await api.request(person('guard'), 'GET', '/api/v1/namespaces/kube-system/secrets')).status, 403)
})

test('a write that cannot be recorded is refused with 503 before it happens, for every user; reads continue', async () => {
  await using api = await SecuredApi.open()
  api.auditRefusal = new AuditFailure('no space is left for the audit log')
  const path = '/api/v1/namespaces/default/configmaps'
  const { status, json } = await api.request(admin, 'POST', path, { metadata: { name: 'a' } })
  assert.equal(status, 503)
  assert.equal(json.message, 'writes are refused: no space is left for the audit log')
  assert.equal((await api.request(admin, 'GET', `${path}/a`)).status, 404)
  api.auditRefusal = undefined
  assert.equal((await api.request(admin, 'POST', path, { metadata: { name: 'a' } })).status, 201)
})

test('a page of another origin opens no WebSocket with the certificate of its viewer; in the upstream profile it does', async () => {
  for (const [profile, watch, other] of [
    ['secure', 403, 403],
    ['upstream', 101, 404],
  ] as const) {
    await using api = await SecuredApi.open({ profile })
    await mayView(api, 'ann')
    const credentials = { remoteAddress: '192.0.2.1', peerCertificate: await api.certificate('ann') }
    const headers = { host: 'api.example', origin: 'https://evil.example' }
    const statusOf = async (url: string) => {
      const reply = await api.send({ url, credentials, headers, upgrade: 'websocket' })
      reply.done({ bytes: 0, cut: false })
      return reply.status
    }
    assert.equal(await statusOf('/api/v1/pods?watch=1'), watch, profile)
    assert.equal(await statusOf('/api/v1/namespaces/default/pods/none/log'), other, profile)
  }
})
