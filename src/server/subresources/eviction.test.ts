import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const pod = (containers: string[] = ['c'], extra: object = {}) => ({
  metadata: { name: 'p', labels: { app: 'a' } },
  spec: { containers: containers.map(name => ({ name, image: 'i' })), ...extra },
})

test('eviction deletes, and a budget without room refuses with 429', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } })
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.create(budgets, { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } } })
  const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
  await api.request('PATCH', `${budgets}/b/status`, { status })
  const eviction = { metadata: { name: 'p' } }
  const refused = await api.request('POST', `${pods}/p/eviction`, eviction)
  assert.equal(refused.status, 429)
  assert.equal(refused.json.message, "Cannot evict pod as it would violate the pod's disruption budget.")
  assert.equal(refused.json.details.causes[0].reason, 'DisruptionBudget')
  await api.request('PATCH', `${budgets}/b/status`, { status: { disruptionsAllowed: 1 } })
  assert.equal((await api.request('POST', `${pods}/p/eviction?dryRun=All`, eviction)).status, 201)
  assert.equal((await api.get(`${budgets}/b`)).json.status.disruptionsAllowed, 1)
  assert.equal((await api.request('POST', `${pods}/p/eviction`, eviction)).status, 201)
  const evicted = (await api.get(`${pods}/p`)).json
  assert.ok(evicted.metadata.deletionTimestamp)
  const condition = evicted.status.conditions.find(({ type }: { type: string }) => type === 'DisruptionTarget')
  assert.deepEqual([condition.status, condition.reason, condition.message], ['True', 'EvictionByEvictionAPI', 'Eviction API: evicting'])
  const budget = (await api.get(`${budgets}/b`)).json
  assert.equal(budget.status.disruptionsAllowed, 0)
  assert.ok(budget.status.disruptedPods.p)
})

test('eviction wants the name of its pod, and one budget at most', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, { status: { phase: 'Running' } })
  const unnamed = await api.request('POST', `${pods}/p/eviction`, { metadata: {} })
  assert.deepEqual([unnamed.status, unnamed.json.message], [400, 'name in URL does not match name in Eviction object'])
  const other = await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' }, deleteOptions: { preconditions: { uid: 'x' } } })
  assert.equal(other.status, 409)
  assert.match(other.json.message, /^Operation cannot be fulfilled on Pod "p": the UID in the precondition \(x\) does not match/)
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  for (const name of ['a', 'b']) await api.create(budgets, { metadata: { name }, spec: { selector: {} } })
  const two = await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })
  assert.deepEqual([two.status, two.json.status, two.json.code, two.json.reason], [500, 'Failure', 500, undefined])
  assert.equal((await api.get(`${pods}/p`)).json.metadata.deletionTimestamp, undefined)
})

test('eviction of a pod that is not ready asks no budget that is healthy without it', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, { status: { phase: 'Running' } })
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.create(budgets, { metadata: { name: 'b' }, spec: { selector: {} } })
  const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 2 }
  await api.request('PATCH', `${budgets}/b/status`, { status })
  assert.equal((await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })).status, 201)
  assert.ok((await api.get(`${pods}/p`)).json.metadata.deletionTimestamp)
})

test('eviction asks the budget of a pod that begins to run before it is deleted', async () => {
  const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }
  let begins: (() => Promise<unknown>) | undefined
  await using api = new TestServer({
    admission: {
      mutate: () => undefined,
      async validate({ operation }) {
        if (operation !== 'DELETE') return
        const begin = begins
        begins = undefined
        await begin?.()
      },
    },
  })
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.create(budgets, { metadata: { name: 'b' }, spec: { selector: {} } })
  const status = { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 }
  await api.request('PATCH', `${budgets}/b/status`, { status })
  begins = () => api.request('PATCH', `${pods}/p/status`, running)
  assert.equal((await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })).status, 201)
  assert.ok((await api.get(`${pods}/p`)).json.metadata.deletionTimestamp)
  assert.equal((await api.get(`${budgets}/b`)).json.status.disruptionsAllowed, 0)
})

test('eviction asks the budgets again about a pod that replaced the one they were asked about', async () => {
  let replace: (() => Promise<unknown>) | undefined
  await using api = new TestServer({
    admission: {
      mutate: () => undefined,
      async validate({ operation, subresource }) {
        if (operation !== 'UPDATE' || subresource !== 'status') return
        const once = replace
        replace = undefined
        await once?.()
      },
    },
  })
  const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }
  const seed = async (labels: Record<string, string>) => {
    await api.create(pods, { ...pod(['c'], { nodeName: 'n1' }), metadata: { name: 'p', labels } })
    await api.request('PATCH', `${pods}/p/status`, running)
  }
  await seed({ app: 'uncovered' })
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.create(budgets, { metadata: { name: 'b' }, spec: { selector: { matchLabels: { app: 'a' } } } })
  const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
  await api.request('PATCH', `${budgets}/b/status`, { status })
  replace = async () => {
    await api.request('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 })
    await seed({ app: 'a' })
  }
  assert.equal((await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })).status, 429)
  assert.equal((await api.get(`${pods}/p`)).json.metadata.deletionTimestamp, undefined)
})

test('eviction counts against no budget that replaced the one about its pod', async () => {
  let replace: (() => Promise<unknown>) | undefined
  await using api = new TestServer({
    admission: {
      mutate: () => undefined,
      async validate({ operation, resource }) {
        if (operation !== 'UPDATE' || resource.plural !== 'poddisruptionbudgets') return
        const once = replace
        replace = undefined
        await once?.()
      },
    },
  })
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } })
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const status = { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 }
  const seed = async (app: string) => {
    await api.create(budgets, { metadata: { name: 'b' }, spec: { selector: { matchLabels: { app } } } })
    await api.request('PATCH', `${budgets}/b/status`, { status })
  }
  await seed('a')
  replace = async () => {
    await api.request('DELETE', `${budgets}/b`)
    await seed('other')
  }
  assert.equal((await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })).status, 429)
  assert.equal((await api.get(`${budgets}/b`)).json.status.disruptionsAllowed, 1)
  assert.equal((await api.get(`${pods}/p`)).json.metadata.deletionTimestamp, undefined)
})
