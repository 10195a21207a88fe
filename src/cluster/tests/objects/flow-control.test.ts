// Priority and fairness with its default objects: their effect on requests, and that a flood hurts only its author.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import type { FlowSchema } from '../../../api/types/flowcontrol-v1.ts'
import type { UserInfo } from '../../../api/user.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from '../../../server/flow-control/bootstrap-objects.ts'
import type { FinalReply } from '../../../server/http/exchange.ts'
import { type Answer, admin, nodeUser, person, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

const base = '/apis/flowcontrol.apiserver.k8s.io/v1'
const schemasPath = `${base}/flowschemas`
const levelsPath = `${base}/prioritylevelconfigurations`

const get = async (api: SecuredApi, path: string): Promise<Answer['json']> => (await api.request(admin, 'GET', path)).json

const danglingOf = (schema: FlowSchema | undefined) => schema?.status?.conditions?.find(({ type }) => type === 'Dangling')?.status

test("every cluster has Kubernetes' own objects, and each FlowSchema reports that its level exists", async () => {
  await using api = await SecuredApi.open()
  const [schemas, levels] = [await get(api, schemasPath), await get(api, levelsPath)]
  const specs = (objects: readonly { metadata: { name?: string }; spec: unknown }[]) =>
    new Map(objects.map(({ metadata, spec }) => [metadata.name, spec]))
  assert.deepEqual(specs(schemas.items), specs([...mandatorySchemas, ...suggestedSchemas].sort(byName)))
  assert.deepEqual(specs(levels.items), specs([...mandatoryLevels, ...suggestedLevels].sort(byName)))
  for (const schema of schemas.items) assert.equal(danglingOf(schema), 'False', schema.metadata.name)
})

const byName = (a: { metadata: { name?: string } }, b: { metadata: { name?: string } }) =>
  (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1

test('an answer, also a refusal, names its FlowSchema and level', async () => {
  await using api = await SecuredApi.open()
  const uid = async (path: string): Promise<string> => (await get(api, path)).metadata.uid
  const rows: [UserInfo, string, string, string, number][] = [
    [admin, '/api/v1/namespaces/default', 'exempt', 'exempt', 200],
    [person('ann'), '/api/v1/namespaces/default', 'global-default', 'global-default', 403],
    [nodeUser('a'), '/api/v1/nodes/a', 'system-node-high', 'node-high', 404],
  ]
  for (const [user, url, schema, level, status] of rows) {
    const reply: FinalReply = await api.send({ url, identity: user })
    reply.done({ bytes: 0, cut: false })
    assert.equal(reply.status, status)
    assert.equal(reply.flow?.schema.metadata.uid, await uid(`${schemasPath}/${schema}`))
    assert.equal(reply.flow?.level.uid, await uid(`${levelsPath}/${level}`))
  }
})

test('a FlowSchema reports a missing level, and does not match requests then', async () => {
  await using api = await SecuredApi.open()
  const rules = [
    {
      subjects: [{ kind: 'User', user: { name: 'ann' } }],
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
    },
  ]
  await api.create(schemasPath, {
    metadata: { name: 'own' },
    spec: { priorityLevelConfiguration: { name: 'own' }, matchingPrecedence: 50, rules },
  })
  const own = () => get(api, `${schemasPath}/own`)
  await until(async () => danglingOf(await own()) === 'True', 'it dangles')
  const levelOf = async () => {
    const reply = await api.send({ url: '/api/v1/namespaces/default/pods', identity: person('ann') })
    reply.done({ bytes: 0, cut: false })
    return reply.flow?.level.uid
  }
  const [standard, { metadata }] = [await get(api, `${levelsPath}/global-default`), await own()]
  assert.equal(await levelOf(), standard.metadata.uid)
  const limited = { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } }
  const level = await api.create(levelsPath, { metadata: { name: 'own' }, spec: { type: 'Limited', limited } })
  await until(async () => danglingOf(await own()) === 'False', 'it dangles no more')
  assert.equal(await levelOf(), level.metadata.uid)
  assert.equal((await own()).metadata.generation, metadata.generation)
})

test("deleted or changed suggested objects are restored within a minute, unless they are marked as a user's own", async () => {
  const clock = new SteppedClock()
  await using api = await SecuredApi.open({ clock })
  await api.request(admin, 'DELETE', `${schemasPath}/service-accounts`)
  await api.request(admin, 'PATCH', `${schemasPath}/probes`, { spec: { matchingPrecedence: 3 } })
  const mine = { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } }, spec: { matchingPrecedence: 4 } }
  await api.request(admin, 'PATCH', `${schemasPath}/system-nodes`, mine)
  const lent = { spec: { exempt: { nominalConcurrencyShares: 10, lendablePercent: 50 } } }
  assert.equal((await api.request(admin, 'PATCH', `${levelsPath}/exempt`, lent)).status, 200)
  clock.advance(60_000)
  await until(async () => (await api.request(admin, 'GET', `${schemasPath}/service-accounts`)).status === 200, 'it is there again')
  await until(async () => (await get(api, `${schemasPath}/probes`)).spec.matchingPrecedence === 2, 'it is as it was')
  assert.equal((await get(api, `${schemasPath}/system-nodes`)).spec.matchingPrecedence, 4)
  assert.equal((await get(api, `${levelsPath}/exempt`)).spec.exempt.lendablePercent, 50)
})

/** Writes whose bodies never come: each holds a seat until it is aborted. */
function trickle(api: SecuredApi, user: UserInfo, count: number, signal: AbortSignal): Promise<FinalReply>[] {
  const body = () =>
    new Promise<Buffer>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const url = '/api/v1/namespaces/default/configmaps'
  return Array.from({ length: count }, () =>
    api.send({ method: 'POST', url, identity: user, headers: { 'content-type': 'application/json' }, body, signal }),
  )
}

test('a user at the concurrency limit delays nobody else, and gets the reason', async () => {
  await using api = await SecuredApi.open()
  const eve = person('eve')
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'all' },
    subjects: ['eve', 'ann'].map(name => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
  })
  const stop = new AbortController()
  const flood = trickle(api, eve, 1000, stop.signal)
  const [refused] = await Promise.all([
    Promise.any(flood),
    until(async () => /rejected_requests_total\{.*queue-full/.test(await metrics(api)), 'a queue is full'),
  ])
  assert.equal(refused.status, 429)
  assert.ok(Number(refused.headers?.['retry-after']) >= 1)
  refused.done({ bytes: 0, cut: false })
  const { json } = await api.request(admin, 'GET', '/bulkhead/v1/why/last?user=eve')
  assert.equal(json.refusedBy, 'flow-control')
  assert.match(
    json.flowControl.reason,
    /queue is full \(queue-full\) at priority level "global-default", to which FlowSchema "global-default" leads/,
  )

  for (const user of [person('ann'), nodeUser('a'), person('system:kube-scheduler'), admin]) {
    const { status } = await api.request(user, 'GET', '/api/v1/namespaces/default/configmaps/nothing')
    assert.ok(status === 404 || status === 403, `${user.name} was answered ${status}`)
  }
  const { status } = await api.request(eve, 'GET', '/livez')
  assert.equal(status, 200)

  stop.abort(new Error('the clients go away'))
  for (const reply of await Promise.all(flood)) reply.done({ bytes: 0, cut: true })
  assert.match(await metrics(api), /current_executing_requests\{priority_level="global-default",flow_schema="global-default"\} 0/)
  assert.match(await metrics(api), /current_inqueue_requests\{priority_level="global-default",flow_schema="global-default"\} 0/)
  assert.equal((await api.request(eve, 'GET', '/api/v1/namespaces/default/configmaps/nothing')).status, 404)
})

const metrics = async (api: SecuredApi): Promise<string> => (await api.request(admin, 'GET', '/metrics')).text

test('a watch holds its seat only until the initial objects are sent', async () => {
  await using api = await SecuredApi.open()
  const executing = async () =>
    /current_executing_requests\{priority_level="node-high",flow_schema="system-node-high"\} (\d)/.exec(await metrics(api))?.[1]
  const url =
    '/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Da&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const reply = await api.send({ url, identity: nodeUser('a') })
  assert.equal(reply.status, 200)
  assert.equal(await executing(), '1')
  const stop = new AbortController()
  assert.ok(typeof reply.body === 'function')
  const running = reply.body({ write: () => true, drained: async () => undefined }, stop.signal)
  assert.equal(await executing(), '0')
  stop.abort()
  await running
  reply.done({ bytes: 0, cut: true })
  assert.equal(await executing(), '0')
})

test('the dumps of flow control require a right', async () => {
  await using api = await SecuredApi.open()
  for (const what of ['priority_levels', 'queues', 'requests']) {
    const path = `/debug/api_priority_and_fairness/dump_${what}`
    assert.equal((await api.request(person('ann'), 'GET', path)).status, 403)
    const { status, text } = await api.request(admin, 'GET', path)
    assert.equal(status, 200)
    assert.match(text, /^PriorityLevelName, /)
  }
})

test('requests that waited for a seat begin in rounds of their own, however many seats become free at once', async () => {
  await using api = await SecuredApi.open()
  const held = Promise.withResolvers<Buffer>()
  const identity = person('eve')
  let begun = 0
  const body = () => {
    begun++
    return held.promise
  }
  const url = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const headers = { 'content-type': 'application/json' }
  const count = 200
  const answers = Array.from({ length: count }, async () => {
    const reply = await api.send({ method: 'POST', url, headers, identity, body })
    reply.done({ bytes: 0, cut: false })
    return reply.status
  })
  let before = -1
  while (begun !== before) {
    before = begun
    for (let i = 0; i < 10; i++) await round()
  }
  assert.ok(begun > 10 && begun < count, `${begun}`)
  held.resolve(Buffer.from(JSON.stringify({ spec: { nonResourceAttributes: { path: '/', verb: 'get' } } })))
  let most = 0
  while (begun < count) {
    const last = begun
    await round()
    most = Math.max(most, begun - last)
  }
  assert.equal(most, 1)
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([201]))
})
