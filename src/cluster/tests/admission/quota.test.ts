// Quotas and limit ranges through the whole API: the effect of a flood, a failure and a deletion on the remaining amount.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, contentTypes, restrictedPod, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'

async function opened(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  return api
}
const quota = (hard: Record<string, string>, spec: object = {}) => ({ metadata: { name: 'q' }, spec: { hard, ...spec } })
const withCpu = (name: string, cpu: string) => restrictedPod(name, {}, { resources: { requests: { cpu } } })

/** Waits for this status; fails by the test's timeout. */
async function untilUsed(api: SecuredApi, used: Record<string, string>): Promise<void> {
  for (let last = ''; ; await new Promise(resolve => setImmediate(resolve))) {
    const { status } = (await api.request(admin, 'GET', `${inDefault}/resourcequotas/q`)).json
    if (JSON.stringify(status?.used) === JSON.stringify(used)) return
    const text = JSON.stringify(status)
    if (text !== last) last = text
  }
}

test('a flood of requests gets exactly what the quota grants', { timeout: 60_000 }, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/resourcequotas`, quota({ pods: '30', 'requests.cpu': '20', 'count/configmaps': '25' }))
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => [
      api.request(admin, 'POST', `${inDefault}/pods`, withCpu(`p${index}`, '1')),
      api.request(admin, 'POST', `${inDefault}/configmaps`, { metadata: { name: `c${index}` } }),
    ]).flat(),
  )
  const created = (kind: string) => answers.filter(({ status, json }) => status === 201 && json.kind === kind).length
  assert.deepEqual([created('Pod'), created('ConfigMap')], [20, 25])
  const refused = answers.filter(({ status }) => status !== 201)
  assert.ok(refused.every(({ status, json }) => status === 403 && /exceeded quota: q, requested: /.test(json.message)))
  await untilUsed(api, { 'count/configmaps': '25', pods: '20', 'requests.cpu': '20' })
})

test('usage of a deleted object is free at once, and the status follows', { timeout: 60_000 }, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/resourcequotas`, quota({ secrets: '1', services: '1' }))
  for (const round of [1, 2, 3]) {
    await api.create(`${inDefault}/secrets`, { metadata: { name: `s${round}` } })
    assert.equal((await api.request(admin, 'POST', `${inDefault}/secrets`, { metadata: { name: 'more' } })).status, 403)
    await untilUsed(api, { secrets: '1', services: '0' })
    assert.equal((await api.request(admin, 'DELETE', `${inDefault}/secrets/s${round}`)).status, 200)
  }
  await untilUsed(api, { secrets: '0', services: '0' })
})

test('failed requests and dry runs use nothing up', { timeout: 60_000 }, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/resourcequotas`, quota({ configmaps: '2' }))
  await api.create(`${inDefault}/configmaps`, { metadata: { name: 'a' } })
  for (let i = 0; i < 5; i++) {
    assert.equal((await api.request(admin, 'POST', `${inDefault}/configmaps`, { metadata: { name: 'a' } })).status, 409)
    assert.equal((await api.request(admin, 'POST', `${inDefault}/configmaps?dryRun=All`, { metadata: { name: 'b' } })).status, 201)
  }
  await api.create(`${inDefault}/configmaps`, { metadata: { name: 'b' } })
  assert.equal((await api.request(admin, 'POST', `${inDefault}/configmaps?dryRun=All`, { metadata: { name: 'c' } })).status, 403)
})

test('no verb reaches past a quota: apply, create on update, growth of a Service', { timeout: 60_000 }, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/resourcequotas`, quota({ configmaps: '0', 'services.nodeports': '1' }))
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' } }
  const byApply = await api.request(admin, 'PATCH', `${inDefault}/configmaps/m?fieldManager=t`, map, 'application/apply-patch+yaml')
  assert.equal(byApply.status, 403)
  const service = (ports: number) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { type: 'NodePort', ports: Array.from({ length: ports }, (_, index) => ({ name: `p${index}`, port: 80 + index })) },
  })
  await api.create(`${inDefault}/services`, service(1))
  const ports = service(2).spec.ports
  for (const type of [contentTypes.merge, contentTypes.jsonPatch] as const) {
    const patch = type === contentTypes.merge ? { spec: { ports } } : [{ op: 'replace', path: '/spec/ports', value: ports }]
    const { status, json } = await api.request(admin, 'PATCH', `${inDefault}/services/s`, patch, type)
    assert.equal(status, 403, type)
    assert.match(
      json.message,
      /exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1/,
    )
  }
  await api.request(admin, 'PATCH', `${inDefault}/services/s`, { spec: { type: 'ClusterIP', ports: [{ port: 80, nodePort: null }] } })
  await untilUsed(api, { configmaps: '0', 'services.nodeports': '0' })
})

test("a quota counts older objects, and its status is the server's count for every writer", {
  timeout: 60_000,
}, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/pods`, withCpu('early', '2'))
  await api.create(`${inDefault}/resourcequotas`, quota({ 'requests.cpu': '3', 'count/pods': '9' }))
  assert.equal((await api.request(admin, 'POST', `${inDefault}/pods`, withCpu('p', '1500m'))).status, 403)
  await untilUsed(api, { 'count/pods': '1', 'requests.cpu': '2' })
  const forged = { status: { hard: { 'requests.cpu': '99' }, used: { 'requests.cpu': '0' } } }
  assert.equal((await api.request(admin, 'PATCH', `${inDefault}/resourcequotas/q/status`, forged)).status, 200)
  assert.equal((await api.request(admin, 'POST', `${inDefault}/pods`, withCpu('p', '1500m'))).status, 403)
  await untilUsed(api, { 'count/pods': '1', 'requests.cpu': '2' })
  assert.equal(
    (await api.request(admin, 'PATCH', `${inDefault}/resourcequotas/q`, { spec: { hard: { 'requests.cpu': '4' } } })).status,
    200,
  )
  assert.equal((await api.request(admin, 'POST', `${inDefault}/pods`, withCpu('p', '1500m'))).status, 201)
})

test('a pod gets the defaults of its namespace, and both quota and limits apply to it', { timeout: 60_000 }, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/limitranges`, {
    metadata: { name: 'l' },
    spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } }] },
  })
  await api.create(`${inDefault}/resourcequotas`, quota({ 'requests.cpu': '150m' }))
  const { spec, metadata } = await api.create(`${inDefault}/pods`, restrictedPod('a'))
  assert.deepEqual(spec.containers[0].resources, { requests: { cpu: '100m' }, limits: { cpu: '500m' } })
  assert.match(metadata.annotations['kubernetes.io/limit-ranger'], /cpu request for container c; cpu limit for container c/)
  const second = await api.request(admin, 'POST', `${inDefault}/pods`, restrictedPod('b'))
  assert.match(second.json.message, /exceeded quota: q, requested: requests.cpu=100m, used: requests.cpu=100m, limited: requests.cpu=150m/)
  const big = await api.request(admin, 'POST', `${inDefault}/pods`, restrictedPod('c', {}, { resources: { limits: { cpu: '2' } } }))
  assert.match(big.json.message, /^pods "c" is forbidden: maximum cpu usage per Container is 1, but limit is 2$/)
})

test('events come at a bounded rate from one source about one object, and others still have their turn', { timeout: 60_000 }, async () => {
  await using api = await SecuredApi.open({ clock: new SteppedClock() })
  const news = (about: string) => ({
    metadata: { generateName: 'e-', namespace: 'default' },
    ...{ involvedObject: { kind: 'Pod', namespace: 'default', name: about }, source: { component: 'flood' }, type: 'Normal' },
  })
  const send = (about: string) => api.request(admin, 'POST', `${inDefault}/events`, news(about))
  const answers = await Promise.all(Array.from({ length: 230 }, () => send('noisy')))
  const refused = answers.filter(({ status }) => status === 429)
  assert.equal(refused.length, 30)
  assert.match(refused[0]?.json.message, /^limit reached on type SourceAndObject for key flood/)
  assert.equal((await send('quiet')).status, 201)
})
