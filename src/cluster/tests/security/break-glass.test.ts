// A credential of group system:masters works whatever the cluster's rules say, and each use of it is reported. The administrator's does not
// have these rights, and can lose those that it has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { admin, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const limit = { timeout: 60_000 }
const administrators = ['system:bulkhead:administrators']
const masters = ['system:masters']
const record = '/api/v1/namespaces/kube-system/configmaps/bulkhead-break-glass'
const alarm = 'break-glass credential used'

const alarms = (api: SecuredApi): number => api.logLines.filter(line => line.includes(alarm)).length

test('each use of a break-glass certificate is in the log, an Event, the record for status and the audit log', limit, async () => {
  await using api = await SecuredApi.open()
  const peerCertificate = await api.certificate('bulkhead-break-glass', masters)
  assert.equal((await api.present({ peerCertificate, remoteAddress: '192.0.2.9' }, '/api/v1/pods')).status, 200)
  assert.equal(alarms(api), 1)
  const [event] = api.events.filter(({ user }) => user.username === 'bulkhead-break-glass')
  assert.equal(event?.annotations?.['bulkhead.dev/break-glass'], 'bulkhead-break-glass')
  await until(async () => (await api.request(admin, 'GET', record)).status === 200, 'the record')
  const { time, ...use } = (await api.request(admin, 'GET', record)).json.data
  assert.ok(Date.parse(time) > 0)
  const credential = event?.annotations?.['authentication.bulkhead.dev/credential-id']
  assert.deepEqual(use, { user: 'bulkhead-break-glass', address: '192.0.2.9', credential, actingAs: '' })
  const eventsPath = '/api/v1/namespaces/default/events?fieldSelector=reason%3DBreakGlassUsed'
  await until(async () => (await api.request(admin, 'GET', eventsPath)).json.items.length === 1, 'the Event')
  const [written] = (await api.request(admin, 'GET', eventsPath)).json.items
  assert.deepEqual([written.type, written.involvedObject.name], ['Warning', 'kube-system'])
  assert.match(written.message, /^User "bulkhead-break-glass" of group system:masters came from 192\.0\.2\.9 with x509:[0-9a-f]{64}\./)
})

test('each use of the group by impersonation is an alarm too, and a refused impersonation is none', limit, async () => {
  await using api = await SecuredApi.open()
  const acting = { headers: { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' } }
  const administrator = { peerCertificate: await api.certificate('bulkhead-admin', administrators), remoteAddress: '192.0.2.9' }
  const nobody = { peerCertificate: await api.certificate('bob', []), remoteAddress: '192.0.2.9' }
  assert.equal((await api.present(nobody, '/api/v1/pods', acting)).status, 403)
  assert.equal((await api.request(admin, 'GET', record)).status, 404)
  assert.equal((await api.present(administrator, '/api/v1/pods', acting)).status, 200)
  const uses = api.events.filter(({ annotations }) => annotations?.['bulkhead.dev/break-glass'] !== undefined)
  assert.deepEqual(
    uses.map(({ user, impersonatedUser }) => [user.username, impersonatedUser?.username]),
    [['bulkhead-admin', 'ann']],
  )
  assert.equal(api.logLines.filter(line => line.includes('system:masters used by impersonation')).length, 1)
  await until(async () => (await api.request(admin, 'GET', record)).status === 200, 'the record')
  const { user, actingAs } = (await api.request(admin, 'GET', record)).json.data
  assert.deepEqual({ user, actingAs }, { user: 'bulkhead-admin', actingAs: 'ann' })
})

test('a refused request with it is an alarm too, and one command is one alarm for each address', limit, async () => {
  const clock = new SteppedClock()
  await using api = await SecuredApi.open({ clock })
  const peerCertificate = await api.certificate('old-admin', masters)
  const ask = (remoteAddress: string, path = '/api/v1/namespaces/none/pods/none') => api.present({ peerCertificate, remoteAddress }, path)
  assert.equal((await ask('192.0.2.9')).status, 404)
  await ask('192.0.2.9', '/api/v1/pods')
  assert.equal(alarms(api), 1)
  await ask('192.0.2.10')
  assert.equal(alarms(api), 2)
  clock.advance(60_000)
  await ask('192.0.2.9')
  assert.equal(alarms(api), 3)
})

test('no other use is an alarm: the administrator, the supervisor, parts in the process', limit, async () => {
  await using api = await SecuredApi.open()
  for (const [name, groups] of [
    ['bulkhead-admin', administrators],
    ['bulkhead-up', masters],
  ] as const) {
    const peerCertificate = await api.certificate(name, groups)
    assert.equal((await api.present({ peerCertificate }, '/api/v1/secrets')).status, 200, name)
  }
  await api.request(admin, 'GET', '/api/v1/secrets')
  assert.equal(alarms(api), 0)
  assert.ok(api.events.length > 2)
  assert.ok(api.events.every(({ annotations }) => annotations?.['bulkhead.dev/break-glass'] === undefined))
})

test(
  'the administrator may do everything by a binding, and loses that with it; the break-glass certificate restores it',
  limit,
  async () => {
    await using api = await SecuredApi.open()
    const binding = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/bulkhead:administrators'
    const administrator = { peerCertificate: await api.certificate('bulkhead-admin', administrators) }
    const breakGlass = { peerCertificate: await api.certificate('bulkhead-break-glass', masters) }
    for (const path of ['/api/v1/secrets', '/metrics', '/bulkhead/v1/policies', binding])
      assert.equal((await api.present(administrator, path)).status, 200, path)
    const { json } = await api.present(administrator, binding)
    assert.equal((await api.present(administrator, binding, { method: 'DELETE' })).status, 200)
    assert.equal((await api.present(administrator, '/api/v1/secrets')).status, 403)
    const { name, labels } = json.metadata
    const body = async () => Buffer.from(JSON.stringify({ ...json, metadata: { name, labels } }))
    const restored = await api.present(breakGlass, '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
    })
    assert.equal(restored.status, 201)
    assert.equal((await api.present(administrator, '/api/v1/secrets')).status, 200)
  },
)

test('no token and no certificate request brings the group of administrators', limit, async () => {
  await using api = await SecuredApi.open()
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } })
  const authorization = `Bearer ${await api.token('default', 'robot')}`
  const acting = await api.present({ authorization }, '/api/v1/secrets', {
    headers: { 'impersonate-user': 'ann', 'impersonate-group': administrators[0] as string },
  })
  assert.equal(acting.status, 403)
})
