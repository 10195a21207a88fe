import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Client } from '../../client/client.ts'
import type { FollowedMirrors } from '../../client/followed-mirrors.ts'
import { registryMirrors, secrets } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { nodeMirrors } from './node-mirrors.ts'

const mirrorOf = (registry: string, endpoint: string) => ({
  metadata: { name: 'm', namespace: '' },
  spec: { registry, mirrors: [{ endpoint }] },
})

function start(t: TestContext, api: FakeApi, apply: (mirrors: FollowedMirrors) => Promise<void>) {
  const stop = new AbortController()
  const mirrors = nodeMirrors({ client: new Client(api), clock: systemClock, log: silentLogger, random: () => 0 }, apply)
  const running = mirrors.run(stop.signal)
  t.after(async () => {
    stop.abort()
    await running
  })
  return { mirrors, signal: stop.signal }
}

test('nodeMirrors() are ready when the runtime knows them, also after each change', async t => {
  const api = new FakeApi()
  api.seed(registryMirrors, mirrorOf('docker.io', 'one.example.com'))
  const applied: string[] = []
  let hold: Promise<void> | undefined
  const { mirrors, signal } = start(t, api, async followed => {
    const hosts =
      followed
        .of('docker.io')
        ?.mirrors.map(({ host }) => host)
        .join() ?? 'none'
    await hold
    applied.push(hosts)
  })
  await mirrors.ready(signal)
  assert.deepEqual(applied, ['one.example.com'])
  const held = Promise.withResolvers<void>()
  hold = held.promise
  api.change(registryMirrors, '', 'm', object => {
    object.spec = { registry: 'docker.io', mirrors: [{ endpoint: 'two.example.com' }] }
  })
  await until(() => mirrors.of('docker.io')?.mirrors[0]?.host === 'two.example.com', 'the change')
  let ready = false
  const waiting = mirrors.ready(signal).then(() => {
    ready = true
  })
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(ready, false)
  held.resolve()
  await waiting
  assert.equal(applied.at(-1), 'two.example.com')
})

test('nodeMirrors() reads the passwords of mirrors from one Secret, by host and path', async t => {
  const api = new FakeApi()
  const auths = { 'mirror.example.com/hub': { username: 'u', password: 'p' }, 'other.example.com': { auth: 'eDp5' } }
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') }
  api.seed(secrets, { metadata: { name: 'registry-mirrors', namespace: 'kube-system' }, data })
  const { mirrors, signal } = start(t, api, async () => undefined)
  await mirrors.ready(signal)
  assert.deepEqual(mirrors.credentials({ host: 'mirror.example.com', path: 'hub' }), { username: 'u', password: 'p' })
  assert.deepEqual(mirrors.credentials({ host: 'other.example.com', path: '' }), { username: 'x', password: 'y' })
  assert.equal(mirrors.credentials({ host: 'mirror.example.com', path: 'other' }), undefined)
  assert.equal(mirrors.credentials({ host: 'example.com', path: '' }), undefined)
})
