// A quota of bytes through the whole API: what each kind of write is charged, and what is released.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../../store/memory.ts'
import { admin, contentTypes, nodeUser, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'
const widgets = '/apis/example.com/v1/namespaces/default/widgets'
const quota = (hard: Record<string, string>) => ({ metadata: { name: 'q' }, spec: { hard } })
const widget = (name: string, bytes: number) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec: { text: 'x'.repeat(bytes) },
})

async function opened(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  return api
}

async function serveWidgets(api: SecuredApi): Promise<void> {
  const text = { type: 'object', properties: { text: { type: 'string' } } }
  const openAPIV3Schema = { type: 'object', properties: { spec: text, status: text } }
  await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'widgets.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' } },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } }],
    },
  })
}

/** Waits until the status shows about this much; fails by the test's timeout. */
async function untilUsedIsAbout(api: SecuredApi, bytes: number): Promise<void> {
  for (;;) {
    const { status } = (await api.request(admin, 'GET', `${inDefault}/resourcequotas/q`)).json
    if (Math.abs(Number(status?.used?.[stored]) - bytes) < 1024) return
    await new Promise(resolve => setImmediate(resolve))
  }
}

const stored = 'bulkhead.dev/stored-bytes'
const sizedMap = (name: string, bytes: number) => ({ metadata: { name }, data: { text: 'x'.repeat(bytes) } })

test('a quota of bytes limits the size of all objects of a namespace, including custom resources, with every kind of write', {
  timeout: 60_000,
}, async () => {
  await using api = await opened()
  await serveWidgets(api)
  await api.create(`${inDefault}/resourcequotas`, quota({ [stored]: '100Ki' }))
  const maps = `${inDefault}/configmaps`
  const refused = async (method: string, path: string, body: unknown, type?: string) => {
    const { status, json } = await api.request(admin, method, path, body, type)
    assert.equal(status, 403, JSON.stringify(json))
    assert.match(
      json.message,
      / is forbidden: exceeded quota: q, requested: bulkhead\.dev\/stored-bytes=\d+, used: bulkhead\.dev\/stored-bytes=\d+, limited: bulkhead\.dev\/stored-bytes=100Ki\. Delete objects/,
    )
  }
  await api.create(maps, sizedMap('a', 40_000))
  await api.create(`${inDefault}/secrets`, { metadata: { name: 's' }, stringData: { text: 'x'.repeat(10_000) } })
  await api.create(widgets, widget('w', 20_000))
  await refused('POST', maps, sizedMap('b', 40_000))
  await refused('POST', widgets, widget('v', 40_000))
  await refused('PUT', `${maps}/a`, sizedMap('a', 80_000))
  await refused('PATCH', `${maps}/a`, { data: { more: 'y'.repeat(40_000) } }, contentTypes.merge)
  await refused('PATCH', `${widgets}/w/status`, { status: { text: 'y'.repeat(40_000) } }, contentTypes.merge)
  // What shrinks or is deleted is released at once.
  assert.equal((await api.request(admin, 'PUT', `${maps}/a`, sizedMap('a', 10_000))).status, 200)
  await api.create(maps, sizedMap('b', 40_000))
  await refused('POST', maps, sizedMap('c', 10_000))
  assert.equal((await api.request(admin, 'DELETE', `${maps}/b`)).status, 200)
  await api.create(maps, sizedMap('c', 10_000))
  await untilUsedIsAbout(api, api.store.contents.of('default'))
})

test('a flood of requests gets no more bytes than a quota grants', { timeout: 60_000 }, async () => {
  await using api = await opened()
  await api.create(`${inDefault}/resourcequotas`, quota({ [stored]: '300Ki' }))
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => api.request(admin, 'POST', `${inDefault}/configmaps`, sizedMap(`c${index}`, 20_000))),
  )
  const made = answers.filter(({ status }) => status === 201).length
  assert.ok(made === 13 || made === 14, `${made} were made`)
  assert.ok(api.store.contents.of('default') <= 300 * 1024)
})

test('parts of the cluster may update objects although a quota of bytes is used up, but create none', {
  timeout: 60_000,
}, async () => {
  await using api = await opened()
  const pods = `${inDefault}/pods`
  await api.create(pods, restrictedPod('p'))
  await api.create(`${inDefault}/resourcequotas`, quota({ [stored]: '1Ki' }))
  const scheduler = { name: 'system:kube-controller-manager', groups: ['system:masters', 'system:authenticated'] }
  const message = { status: { message: 'm'.repeat(500) } }
  assert.equal((await api.request(admin, 'PATCH', `${pods}/p/status`, message, contentTypes.merge)).status, 403)
  assert.equal((await api.request(scheduler, 'PATCH', `${pods}/p/status`, message, contentTypes.merge)).status, 200)
  assert.equal((await api.request(scheduler, 'POST', `${inDefault}/configmaps`, sizedMap('a', 10))).status, 403)
})

test('pods can be evicted although a quota of bytes is used up, so that a tenant cannot keep its node from being drained', {
  timeout: 60_000,
}, async () => {
  await using api = await opened()
  const labels = { app: 'web' }
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  for (const name of ['guarded', 'free']) {
    const draft = restrictedPod(name, { nodeName: 'n1' })
    await api.create(`${inDefault}/pods`, { ...draft, metadata: { name, ...(name === 'guarded' ? { labels } : {}) } })
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    await api.request(admin, 'PATCH', `${inDefault}/pods/${name}/status`, { status })
  }
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const { metadata } = await api.create(budgets, {
    metadata: { name: 'b' },
    spec: { selector: { matchLabels: labels }, maxUnavailable: 1 },
  })
  const counted = { observedGeneration: metadata.generation, disruptionsAllowed: 1, currentHealthy: 1, desiredHealthy: 0, expectedPods: 1 }
  assert.equal((await api.request(admin, 'PATCH', `${budgets}/b/status`, { status: counted })).status, 200)
  await api.create(`${inDefault}/resourcequotas`, quota({ [stored]: '1Ki' }))
  for (const name of ['guarded', 'free']) {
    const { status, text } = await api.request(admin, 'POST', `${inDefault}/pods/${name}/eviction`, { metadata: { name } })
    assert.equal(status, 201, text)
    const { json } = await api.request(admin, 'GET', `${inDefault}/pods/${name}`)
    assert.equal(typeof json.metadata.deletionTimestamp, 'string')
    assert.ok(json.status.conditions.some(({ type }: { type: string }) => type === 'DisruptionTarget'))
  }
  assert.deepEqual(Object.keys((await api.request(admin, 'GET', `${budgets}/b`)).json.status.disruptedPods), ['guarded'])
})

test('a full store refuses growth with 507, allows objects to shrink and be deleted, and keeps a reserve for the cluster', {
  timeout: 60_000,
}, async () => {
  const store = createMemoryStore({ maxStoredBytes: 3 * 2 ** 20 })
  await using api = await SecuredApi.open({ store })
  const namespace = '/api/v1/namespaces/default'
  const maps = `${namespace}/configmaps`
  await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'admins' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
  })
  const mallory = person('mallory')
  const send = (method: string, path: string, body?: object) => api.request(mallory, method, path, body)
  let last = 0
  for (let number = 0; last === 0; number++) {
    assert.ok(number < 100)
    const { status, json } = await send('POST', maps, sizedMap(`m${number}`, 200_000))
    if (status === 201) continue
    last = number
    assert.deepEqual([status, json.reason], [507, 'InsufficientStorage'])
    assert.match(
      json.message,
      /^writes are refused: all objects together take the 3 MiB that the store may hold\. Delete objects or make them smaller/,
    )
  }
  assert.ok(last > 5)
  assert.equal((await send('GET', `${maps}/m0`)).status, 200)
  assert.equal((await send('PUT', `${maps}/m0`, sizedMap('m0', 190_000))).status, 200)
  assert.equal((await send('PUT', `${maps}/m0`, sizedMap('m0', 500_000))).status, 507)
  // The administrator repairs, and a node continues to renew its lease.
  await api.create(maps, sizedMap('repair', 200_000))
  const lease = { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } }
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  assert.equal((await api.request(nodeUser('n1'), 'POST', leases, lease)).status, 201)
  assert.equal((await send('DELETE', `${maps}/m1`)).status, 200)
  assert.equal((await send('DELETE', `${maps}/m2`)).status, 200)
  assert.equal((await send('DELETE', `${maps}/m3`)).status, 200)
  assert.equal((await send('POST', maps, sizedMap('again', 200_000))).status, 201)
})
