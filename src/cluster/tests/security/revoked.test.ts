// Open streams end when their permission is removed: a binding, a role, an account, or the bound object of a token.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Credentials } from '../../../access/access.ts'
import { admin, person, restrictedPod, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const limit = { timeout: 30_000 }
const rbacGroup = 'rbac.authorization.k8s.io'
const ofDefault = '/api/v1/namespaces/default'
const roles = `/apis/${rbacGroup}/v1/namespaces/default/roles`
const bindings = `/apis/${rbacGroup}/v1/namespaces/default/rolebindings`
const readPods = { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'pods/log'] }
const robot = { kind: 'ServiceAccount', name: 'robot', namespace: 'default' }
const binding = (name: string, role: string, subjects: object[]) => ({
  metadata: { name },
  subjects,
  roleRef: { kind: 'Role', apiGroup: rbacGroup, name: role },
})

async function opened(options: Parameters<typeof SecuredApi.open>[0] = {}): Promise<SecuredApi> {
  const api = await SecuredApi.open(options)
  await api.create(`${ofDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
  await api.create(`${ofDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  await api.create(roles, { metadata: { name: 'reader' }, rules: [readPods] })
  await api.create(bindings, binding('readers', 'reader', [robot]))
  return api
}

const bearer = (token: string): Credentials => ({ remoteAddress: '192.0.2.1', authorization: `Bearer ${token}` })

/** Starts the body of a long answer; `over` resolves when it ended by itself. */
async function watch(api: SecuredApi, credentials: Credentials, url = `${ofDefault}/pods?watch=1`, headers = {}) {
  const reply = await api.send({ url, credentials, headers })
  assert.equal(reply.status, 200)
  const { body } = reply
  assert.ok(typeof body === 'function')
  let isOpen = true
  const over = body({ write: () => true, drained: async () => undefined }, new AbortController().signal).then(() => {
    isOpen = false
    reply.done({ bytes: 0, cut: false })
  })
  return { over, isOpen: () => isOpen }
}

/** Waits until all changes so far were processed. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

const revocations: readonly { readonly name: string; readonly bound?: object; revoke(api: SecuredApi): Promise<unknown> }[] = [
  { name: 'its RoleBinding is deleted', revoke: api => api.request(admin, 'DELETE', `${bindings}/readers`) },
  { name: 'its RoleBinding names others', revoke: api => api.request(admin, 'PATCH', `${bindings}/readers`, { subjects: [] }) },
  { name: 'its Role is deleted', revoke: api => api.request(admin, 'DELETE', `${roles}/reader`) },
  {
    name: 'its Role has fewer rules',
    revoke: api => api.request(admin, 'PATCH', `${roles}/reader`, { rules: [{ ...readPods, verbs: ['get', 'list'] }] }),
  },
  { name: 'its ServiceAccount is deleted', revoke: api => api.request(admin, 'DELETE', `${ofDefault}/serviceaccounts/robot`) },
  {
    name: 'the Secret of its token is deleted',
    bound: { kind: 'Secret', apiVersion: 'v1', name: 's' },
    revoke: api => api.request(admin, 'DELETE', `${ofDefault}/secrets/s`),
  },
  {
    name: 'the pod of its token is deleted',
    bound: { kind: 'Pod', apiVersion: 'v1', name: 'p' },
    revoke: api => api.request(admin, 'DELETE', `${ofDefault}/pods/p`, { gracePeriodSeconds: 0 }),
  },
  {
    name: 'the Node of its token is deleted',
    bound: { kind: 'Node', apiVersion: 'v1', name: 'n1' },
    revoke: api => api.request(admin, 'DELETE', '/api/v1/nodes/n1'),
  },
]
for (const { name, bound, revoke } of revocations) {
  test(`a watch ends when ${name}`, limit, async () => {
    await using api = await opened()
    await api.create(`${ofDefault}/secrets`, { metadata: { name: 's' } })
    await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
    await api.create(`${ofDefault}/pods`, restrictedPod('p', { serviceAccountName: 'robot' }))
    const token = await api.token('default', 'robot', bound === undefined ? {} : { boundObjectRef: bound })
    const stream = await watch(api, bearer(token))
    const others = await watch(api, { remoteAddress: '192.0.2.1', peerCertificate: await api.certificate('root', ['system:masters']) })
    await settled()
    assert.equal(stream.isOpen(), true)
    await revoke(api)
    await stream.over
    assert.equal(others.isOpen(), true)
    assert.notEqual((await api.send({ url: `${ofDefault}/pods?watch=1`, credentials: bearer(token) })).status, 200)
  })
}

test('a watch continues while another binding allows it, until that one is removed too', limit, async () => {
  await using api = await opened()
  await api.create(bindings, binding('spare', 'reader', [robot]))
  const stream = await watch(api, bearer(await api.token('default', 'robot')))
  await api.request(admin, 'DELETE', `${bindings}/readers`)
  await settled()
  assert.equal(stream.isOpen(), true)
  await api.request(admin, 'DELETE', `${bindings}/spare`)
  await stream.over
})

test('a watch by a token of a pod that is being deleted ends with the time that the pod has', limit, async () => {
  const clock = new SteppedClock()
  await using api = await opened({ clock })
  await api.create(`${ofDefault}/pods`, { ...restrictedPod('p', { serviceAccountName: 'robot', nodeName: 'n1' }) })
  const token = await api.token('default', 'robot', { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } })
  const stream = await watch(api, bearer(token))
  await api.request(admin, 'DELETE', `${ofDefault}/pods/p`, { gracePeriodSeconds: 30 })
  await settled()
  assert.equal(stream.isOpen(), true)
  clock.advance(31_000)
  await stream.over
})

test('a watch as another user ends when the right to impersonate is removed', limit, async () => {
  await using api = await opened()
  const acts = { verbs: ['impersonate'], apiGroups: [''], resources: ['serviceaccounts'] }
  await api.create(roles, { metadata: { name: 'actor' }, rules: [acts] })
  await api.create(bindings, binding('actors', 'actor', [{ kind: 'User', apiGroup: rbacGroup, name: 'ann' }]))
  const credentials = { remoteAddress: '192.0.2.1', peerCertificate: await api.certificate('ann') }
  const stream = await watch(api, credentials, `${ofDefault}/pods?watch=1`, { 'impersonate-user': 'system:serviceaccount:default:robot' })
  await settled()
  assert.equal(stream.isOpen(), true)
  await api.request(admin, 'DELETE', `${bindings}/actors`)
  await stream.over
})

test('a followed log ends when the binding that allowed it is deleted', limit, async () => {
  await using api = await opened()
  await api.create(`${ofDefault}/pods`, restrictedPod('p', { nodeName: 'n1' }))
  await api.request(admin, 'PATCH', `${ofDefault}/pods/p/status`, {
    status: { containerStatuses: [{ name: 'c', state: { running: {} }, image: 'i', imageID: '', ready: true, restartCount: 0 }] },
  })
  api.server.nodeTunnels.register('n1', async () => ({ status: 200, contentType: 'text/plain', stream: new PassThrough() }))
  const stream = await watch(api, bearer(await api.token('default', 'robot')), `${ofDefault}/pods/p/log?follow=true`)
  await api.request(admin, 'DELETE', `${bindings}/readers`)
  await stream.over
  assert.equal((await api.request(person('ann'), 'GET', `${ofDefault}/pods`)).status, 403)
})
