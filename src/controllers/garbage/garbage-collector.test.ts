import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, OwnerReference } from '../../api/object.ts'
import { Client } from '../../client/client.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import { configMaps, deployments, events, pods, replicaSets } from '../../client/resources.ts'
import { serveDiscovery, startScenario } from '../scenario.testing.ts'
import { garbageCollector } from './garbage-collector.ts'
import { type GarbagePlan, type OwnerState, planGarbage } from './garbage-plan.ts'

const rows: { name: string; owners: OwnerState[]; finalizers?: string[]; hasDependents?: boolean; want: GarbagePlan }[] = [
  { name: 'keeps objects without owners', owners: [], want: { plan: 'keep' } },
  { name: 'keeps what is owned', owners: ['solid'], want: { plan: 'keep' } },
  { name: 'deletes what lost its owner', owners: ['dangling'], want: { plan: 'delete', policy: 'Background' } },
  { name: 'unlinks the owner that is gone', owners: ['solid', 'dangling'], want: { plan: 'unlink', uids: ['1'] } },
  { name: 'unlinks the owner that waits', owners: ['waiting', 'solid'], want: { plan: 'unlink', uids: ['0'] } },
  { name: 'goes on in the foreground', owners: ['waiting'], hasDependents: true, want: { plan: 'delete', policy: 'Foreground' } },
  { name: 'ends the foreground at a leaf', owners: ['waiting'], want: { plan: 'delete', policy: 'Background' } },
  { name: 'honours an orphan finalizer', owners: ['dangling'], finalizers: ['orphan'], want: { plan: 'delete', policy: 'Orphan' } },
]
for (const { name, owners, finalizers = [], hasDependents = false, want } of rows) {
  test(`planGarbage() ${name}`, () => {
    const states = owners.map((state, index) => ({ owner: { apiVersion: 'v1', kind: 'X', name: 'x', uid: String(index) }, state }))
    assert.deepEqual(planGarbage({ metadata: { finalizers } }, states, hasDependents), want)
  })
}

const ownedBy = (owner: KubeObject, kind: string): { ownerReferences: OwnerReference[] } => ({
  ownerReferences: [
    {
      apiVersion: 'apps/v1',
      kind,
      name: owner.metadata.name ?? '',
      uid: owner.metadata.uid ?? '',
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
})
const template = { spec: { containers: [] } }
const signal = new AbortController().signal

/** A discovered resource that never answers. */
const silent: ResourceRef = { group: 'silent.example.com', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true }

function family(more: readonly ResourceRef[] = []) {
  const scenario = startScenario({
    controllers: [garbageCollector],
    settings: { resourceSyncMs: 20 },
    prepare: api => {
      serveDiscovery(api, [configMaps, deployments, pods, replicaSets, ...more])
      const request = api.request.bind(api)
      api.request = (asked, until) =>
        asked.path.includes(silent.group) && asked.path.includes(silent.plural) ? forever(until) : request(asked, until)
    },
  })
  const { api } = scenario
  const parent = api.seed(deployments, { metadata: { name: 'd', namespace: 'ns' }, spec: { template } })
  const child = api.seed(replicaSets, { metadata: { name: 'r', namespace: 'ns', ...ownedBy(parent, 'Deployment') }, spec: { template } })
  api.seed(pods, { metadata: { name: 'p', namespace: 'ns', ...ownedBy(child, 'ReplicaSet') }, spec: { containers: [] } })
  api.seed(pods, { metadata: { name: 'free', namespace: 'ns' }, spec: { containers: [] } })
  return {
    scenario,
    api,
    remove: (propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
      new Client(api).delete(deployments, 'ns', 'd', { propagationPolicy }, signal),
  }
}

const forever = (until: AbortSignal) =>
  new Promise<never>((_resolve, reject) => until.addEventListener('abort', () => reject(until.reason), { once: true }))

const names = (list: readonly KubeObject[]) => list.map(({ metadata }) => metadata.name)

test('garbageCollector deletes down the chain of owners, and nothing else', async () => {
  const { scenario, api, remove } = family()
  await using _ = scenario
  await remove('Background')
  await scenario.until(() => api.all(replicaSets).length === 0 && api.all(pods).length === 1, 'chain collected')
  assert.deepEqual(names(api.all(pods)), ['free'])
})

test('garbageCollector continues without a resource whose server does not answer', async () => {
  const { scenario, api, remove } = family([silent])
  await using _ = scenario
  await remove('Background')
  await scenario.until(() => api.all(replicaSets).length === 0 && api.all(pods).length === 1, 'chain collected')
})

test('garbageCollector deletes dependents first in foreground deletion', async () => {
  const { scenario, api, remove } = family()
  await using _ = scenario
  await remove('Foreground')
  await scenario.until(() => {
    if (api.all(replicaSets).length === 0) assert.deepEqual(names(api.all(pods)), ['free'], 'the replica set went before its pod')
    if (api.all(deployments).length === 0) assert.equal(api.all(replicaSets).length, 0, 'the deployment went before its replica set')
    return api.all(deployments).length === 0
  }, 'foreground deletion')
})

test('garbageCollector keeps an object that gets a new owner just before its deletion', async () => {
  const { scenario, api, remove } = family()
  await using _ = scenario
  const other = api.seed(deployments, { metadata: { name: 'other', namespace: 'ns' }, spec: { template } })
  const request = api.request.bind(api)
  let adopted = false
  api.request = (asked, until) => {
    if (!adopted && asked.method === 'DELETE' && asked.path.includes('/replicasets/')) {
      adopted = true
      api.change(replicaSets, 'ns', 'r', ({ metadata }) => Object.assign(metadata, ownedBy(other, 'Deployment')))
    }
    return request(asked, until)
  }
  await remove('Background')
  api.seed(pods, {
    metadata: { name: 'late', namespace: 'ns', ...ownedBy({ metadata: { name: 'no', uid: 'no' } }, 'Deployment') },
    spec: { containers: [] },
  })
  await scenario.until(() => adopted && api.read(pods, 'ns', 'late') === undefined, 'adopted, and others collected')
  assert.ok(api.read(replicaSets, 'ns', 'r'))
})

test('garbageCollector orphans dependents on request', async () => {
  const { scenario, api, remove } = family()
  await using _ = scenario
  await remove('Orphan')
  await scenario.until(() => api.all(deployments).length === 0, 'owner gone')
  assert.deepEqual(api.read(replicaSets, 'ns', 'r')?.metadata.ownerReferences, [])
  assert.equal(api.all(pods).length, 2)
})

test("garbageCollector collects an object whose owner never existed, but not one whose owner's kind is not served", async () => {
  const { scenario, api } = family()
  await using _ = scenario
  const owner = (kind: string, apiVersion: string) => ({ ownerReferences: [{ apiVersion, kind, name: 'none', uid: 'none' }] })
  api.seed(configMaps, { metadata: { name: 'unknown-kind', namespace: 'ns', ...owner('Widget', 'example.com/v1') } })
  api.seed(configMaps, { metadata: { name: 'stray', namespace: 'ns', ...owner('ReplicaSet', 'apps/v1') } })
  await scenario.until(() => api.read(configMaps, 'ns', 'stray') === undefined, 'stray collected')
  assert.deepEqual(names(api.all(configMaps)), ['unknown-kind'])
})

test("garbageCollector lets nobody tie an object to an owner in another namespace, nor harm that owner's dependents", async () => {
  const { scenario, api } = family()
  await using _ = scenario
  const owner = api.read(deployments, 'ns', 'd')
  assert.ok(owner)
  api.seed(configMaps, { metadata: { name: 'stray', namespace: 'other', ...ownedBy(owner, 'Deployment') } })
  await scenario.until(() => api.read(configMaps, 'other', 'stray') === undefined, 'stray collected')
  const said = () => api.all(events).find(({ reason }) => reason === 'OwnerRefInvalidNamespace')
  await scenario.until(() => said() !== undefined, 'the event')
  const named = `[apps/v1/Deployment, namespace: other, name: d, uid: ${owner.metadata.uid}]`
  assert.equal(said()?.message, `ownerRef ${named} does not exist in namespace "other"`)
  // Its other owner never existed, so that both are looked up.
  const [reference] = ownedBy(owner, 'Deployment').ownerReferences
  assert.ok(reference)
  const none = { ...reference, name: 'none', uid: 'none' }
  api.seed(configMaps, { metadata: { name: 'child', namespace: 'ns', ownerReferences: [reference, none] } })
  await scenario.until(() => api.read(configMaps, 'ns', 'child')?.metadata.ownerReferences?.length === 1, 'the other owner unlinked')
  assert.equal(api.read(configMaps, 'ns', 'child')?.metadata.ownerReferences?.[0]?.uid, owner.metadata.uid)
})

test('garbageCollector completes a foreground deletion that an object of another namespace would block', async () => {
  const { scenario, api, remove } = family()
  await using _ = scenario
  const owner = api.read(deployments, 'ns', 'd')
  assert.ok(owner)
  api.seed(configMaps, {
    metadata: { name: 'anchor', namespace: 'other', finalizers: ['example.com/stay'], ...ownedBy(owner, 'Deployment') },
  })
  await remove('Foreground')
  await scenario.until(() => api.all(deployments).length === 0, 'foreground deletion')
})

for (const [what, wrong] of [
  ['kind', { kind: 'ReplicaSet' }],
  ['name', { name: 'another' }],
] as const) {
  test(`garbageCollector collects an object that names its owner by the uid and a wrong ${what}`, async () => {
    const { scenario, api } = family()
    await using _ = scenario
    const owner = api.read(deployments, 'ns', 'd')
    assert.ok(owner)
    const [reference] = ownedBy(owner, 'Deployment').ownerReferences
    assert.ok(reference)
    api.seed(configMaps, { metadata: { name: 'stray', namespace: 'ns', ownerReferences: [{ ...reference, ...wrong }] } })
    await scenario.until(() => api.read(configMaps, 'ns', 'stray') === undefined, 'stray collected')
    assert.equal(api.all(deployments).length, 1)
  })
}
