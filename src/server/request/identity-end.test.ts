// A request ends with the identities that it acts under, wherever it is.
import assert from 'node:assert/strict'
import { Duplex, PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Credentials } from '../../access/access.ts'
import { AuditFailure } from '../../access/audit/audit-failure.ts'
import { createDenyList } from '../../access/revocation.ts'
import type { FinalReply, ServerRequest } from '../http/exchange.ts'
import type { TestServerOptions } from '../testing.ts'
import { answerOf, TestClock, TestServer } from '../testing.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }

/** A server whose bearer tokens are users' names, and a function that denies `ann`. */
function deniable(options: TestServerOptions = {}) {
  const denyList = createDenyList()
  const api = new TestServer({
    denyList,
    authenticate: async ({ authorization = '' }: Credentials) => {
      const name = authorization.replace('Bearer ', '')
      return { outcome: 'authenticated', user: { name, groups: ['system:masters'] }, credentialId: `jwt:${name}`, authenticator: 'test' }
    },
    ...options,
  })
  const deny = () => denyList.replace([{ kind: 'user-name', value: 'ann' }])
  const ask = (request: Partial<ServerRequest>): Promise<FinalReply> =>
    answerOf(api.server.handle, {
      credentials: { remoteAddress: '192.0.2.7', authorization: 'Bearer ann' },
      ...request,
      headers: { 'content-type': 'application/json', ...request.headers },
    })
  return { api, ask, deny }
}

/** Names of stored objects, once all earlier requests have ended. */
async function stored(api: TestServer): Promise<string[]> {
  await api.create(configMaps, { ...configMap, metadata: { name: 'later' } })
  return (await api.get(configMaps)).json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
}

describe('a denied user gets a 401, and nothing of the request happens,', () => {
  test('in the middle of a body', async () => {
    const { api, ask, deny } = deniable()
    await using _ = api
    const body = Promise.withResolvers<Buffer>()
    const begun = Promise.withResolvers<void>()
    const answer = ask({
      ...{ method: 'POST', url: configMaps },
      body: () => {
        begun.resolve()
        return body.promise
      },
    })
    await begun.promise
    deny()
    assert.equal((await answer).status, 401)
    body.resolve(Buffer.from(JSON.stringify(configMap)))
    assert.deepEqual(await stored(api), ['later'])
  })

  test('while authorization waits', async () => {
    const waiting = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const { api, ask, deny } = deniable({
      authorize: async ({ user }) => {
        if (user.name === 'ann') {
          begun.resolve()
          await waiting.promise
        }
        return { allowed: true, authorizer: 'test', reason: '' }
      },
    })
    await using _ = api
    const answer = ask({ method: 'POST', url: configMaps, body: () => Promise.resolve(Buffer.from(JSON.stringify(configMap))) })
    await begun.promise
    deny()
    assert.equal((await answer).status, 401)
    waiting.resolve()
    assert.deepEqual(await stored(api), ['later'])
  })

  test('while admission waits', async () => {
    const waiting = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const signals: AbortSignal[] = []
    const { api, ask, deny } = deniable({
      admission: {
        mutate: (_request, signal) => {
          signals.push(signal)
          begun.resolve()
          return waiting.promise.then(() => signal.throwIfAborted())
        },
        validate: () => undefined,
      },
    })
    await using _ = api
    const answer = ask({ method: 'POST', url: configMaps, body: () => Promise.resolve(Buffer.from(JSON.stringify(configMap))) })
    await begun.promise
    deny()
    assert.equal((await answer).status, 401)
    assert.equal(signals[0]?.aborted, true)
    waiting.resolve()
    assert.deepEqual(await stored(api), ['later'])
  })

  for (const [title, header] of [
    ['who impersonates another user', { 'impersonate-user': 'bob' }],
    ['impersonated by another user', { 'impersonate-user': 'ann' }],
  ] as const)
    test(`${title}`, async () => {
      const { api, ask, deny } = deniable()
      await using _ = api
      const begun = Promise.withResolvers<void>()
      const answer = ask({
        ...{ method: 'POST', url: configMaps, headers: header },
        credentials: { remoteAddress: '192.0.2.7', authorization: header['impersonate-user'] === 'ann' ? 'Bearer eve' : 'Bearer ann' },
        body: () => {
          begun.resolve()
          return new Promise(() => undefined)
        },
      })
      await begun.promise
      deny()
      assert.equal((await answer).status, 401)
    })

  test('in the middle of an upload through a proxy, whose backend has not answered', async () => {
    const { api, ask, deny } = deniable()
    await using _ = api
    const { stream, dialled } = await proxiedPod(api)
    const body = new PassThrough()
    body.write('x')
    const answer = ask({ method: 'POST', url: '/api/v1/namespaces/default/pods/p:80/proxy/', stream: () => body })
    await dialled
    await Promise.resolve()
    deny()
    assert.equal((await answer).status, 401)
    assert.equal(stream.destroyed, true)
  })
})

test('a credential that expires while its request waits is a 401, and nothing of the request happens', async () => {
  const begun = Promise.withResolvers<void>()
  const waiting = Promise.withResolvers<void>()
  const clock = new TestClock()
  const untilAborted = clock.sleep
  const sleepers: (() => void)[] = []
  clock.sleep = (ms, signal) => Promise.race([untilAborted(ms, signal), new Promise<void>(resolve => sleepers.push(resolve))])
  const { api, ask } = deniable({
    clock,
    authenticate: async () => ({
      ...{ outcome: 'authenticated', credentialId: 'jwt:a', authenticator: 'test', expires: clock.now() + 60_000 },
      user: { name: 'ann', groups: ['system:masters'] },
    }),
    admission: {
      mutate: (_request, signal) => {
        begun.resolve()
        return waiting.promise.then(() => signal.throwIfAborted())
      },
      validate: () => undefined,
    },
  })
  await using _ = api
  const answer = ask({ method: 'POST', url: configMaps, body: () => Promise.resolve(Buffer.from(JSON.stringify(configMap))) })
  await begun.promise
  await nextTurn()
  clock.advance(60_000)
  // Whoever sleeps wakes once, and finds that its time has come.
  for (const wake of sleepers.splice(0)) wake()
  assert.equal((await answer).status, 401)
  waiting.resolve()
  assert.deepEqual(await stored(api), ['later'])
})

test('a long list is cut if its user is denied, and never looks complete', async () => {
  const { api, ask, deny } = deniable()
  await using _ = api
  for (let i = 0; i < 20; i++)
    await api.create(configMaps, { ...configMap, metadata: { name: `c${i}` }, data: { text: 'x'.repeat(30_000) } })
  const reply = await ask({ url: configMaps })
  assert.ok(typeof reply.body === 'function')
  const drained = Promise.withResolvers<void>()
  const { signal } = new AbortController()
  const sending = reply.body({ write: () => false, drained: () => drained.promise }, signal)
  deny()
  drained.resolve()
  await assert.rejects(sending, { message: 'the user is denied' })
  reply.done({ bytes: 0, cut: true })
})

describe('what a dropped answer holds is freed', () => {
  test('if its audit record fails', async () => {
    const { api, ask } = deniable({
      audit: {
        record: event => (event.objectRef?.subresource === 'exec' ? Promise.reject(new AuditFailure('the disk is full')) : undefined),
      },
    })
    await using _ = api
    const { stream } = await proxiedPod(api)
    const reply = await ask({
      ...{ method: 'POST', url: '/api/v1/namespaces/default/pods/p/exec?command=id', upgrade: 'spdy/3.1' },
      headers: { 'x-stream-protocol-version': 'v4.channel.k8s.io' },
    })
    assert.equal(reply.status, 503)
    assert.equal(stream.destroyed, true)
  })

  test('if its client disconnects before it is sent', async () => {
    const { api, ask } = deniable()
    await using _ = api
    const { stream } = await proxiedPod(api)
    const reply = await ask({
      ...{ method: 'POST', url: '/api/v1/namespaces/default/pods/p/attach', upgrade: 'spdy/3.1' },
      headers: { 'x-stream-protocol-version': 'v4.channel.k8s.io' },
    })
    assert.equal(reply.status, 101)
    reply.done({ bytes: 0, cut: true })
    assert.equal(stream.destroyed, true)
  })
})

/** The stream with which its node answers everything about a running pod. */
async function proxiedPod(api: TestServer): Promise<{ stream: Duplex; dialled: Promise<void> }> {
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  await api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  })
  await api.request('PATCH', '/api/v1/namespaces/default/pods/p/status', { status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] } })
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const dialled = Promise.withResolvers<void>()
  api.server.nodeTunnels.register('n1', async () => {
    // In the turn in which the request is sent on.
    setImmediate(dialled.resolve)
    return { status: 200, contentType: '', stream }
  })
  return { stream, dialled: dialled.promise }
}
