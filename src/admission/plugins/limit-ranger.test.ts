import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { persistentVolumeClaim } from '../../api/resources/core/persistent-volume-claim.ts'
import { pod } from '../../api/resources/core/pod.ts'
import type { Container, LimitRangeItem, ResourceList, ResourceRequirements } from '../../api/types/core-v1.ts'
import { ask, FakeStoreView } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { limitRanger } from './limit-ranger.ts'

const range = (name: string, ...limits: LimitRangeItem[]) => ({ metadata: { namespace: 'n', name }, spec: { limits } })
const container = (name: string, resources?: ResourceRequirements): Container => ({ name, ...(resources ? { resources } : {}) })
const podOf = (containers: Container[], initContainers?: Container[], overhead?: ResourceList) => ({
  metadata: { name: 'p', namespace: 'n' } as KubeObject['metadata'],
  spec: { containers, ...(initContainers ? { initContainers } : {}), ...(overhead ? { overhead } : {}) },
})

test('limitRanger sets defaults of containers, and warns about them', async () => {
  const defaults: LimitRangeItem = {
    type: 'Container',
    default: { memory: '512Mi', cpu: '1' },
    defaultRequest: { cpu: '100m', memory: '64Mi' },
  }
  const plugin = createPlugin(limitRanger, { view: new FakeStoreView({ limitranges: [range('a', defaults)] }) })
  const object = podOf([container('open'), container('own', { requests: { cpu: '7m' }, limits: { memory: '1Gi' } })], [container('init')])
  assert.equal(await ask(plugin, { resource: pod, object }), undefined)
  const all = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '512Mi' } }
  assert.deepEqual(object.spec.containers[0]?.resources, all)
  assert.deepEqual(object.spec.containers[1]?.resources, {
    requests: { cpu: '7m', memory: '64Mi' },
    limits: { memory: '1Gi', cpu: '1' },
  })
  assert.deepEqual(object.spec.initContainers?.[0]?.resources, all)
  assert.equal(
    object.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu, memory request for container open; cpu, memory limit for container open; memory request for container own; ' +
      'cpu limit for container own; cpu, memory request for init container init; cpu, memory limit for init container init',
  )
})

test("limitRanger's defaults have no field manager, and sent fields keep theirs", async () => {
  const plugin = createPlugin(limitRanger, {
    view: new FakeStoreView({ limitranges: [range('a', { type: 'Container', default: { cpu: '1' } })] }),
  })
  const object = podOf([container('open'), container('own', { requests: { cpu: '1' } })])
  const managed = {
    'f:spec': {
      'f:containers': {
        'k:{"name":"open"}': { '.': {}, 'f:name': {}, 'f:resources': {} },
        'k:{"name":"own"}': { '.': {}, 'f:name': {}, 'f:resources': { 'f:requests': {} } },
      },
    },
  }
  const shared = structuredClone(managed)
  object.metadata.managedFields = [{ manager: 'm', fieldsV1: shared }]
  await ask(plugin, { resource: pod, object })
  const { 'f:resources': _filled, ...left } = managed['f:spec']['f:containers']['k:{"name":"open"}']
  const expected = { 'f:spec': { 'f:containers': { ...managed['f:spec']['f:containers'], 'k:{"name":"open"}': left } } }
  assert.deepEqual(object.metadata.managedFields, [{ manager: 'm', fieldsV1: expected }])
  assert.deepEqual(shared, managed)
})

const bound = (type: string, rest: Partial<LimitRangeItem>): LimitRangeItem => ({ type, ...rest })
const rows: {
  name: string
  item: LimitRangeItem
  containers: Container[]
  init?: Container[]
  overhead?: ResourceList
  why: string | undefined
}[] = [
  {
    name: 'no request where there is a minimum',
    item: bound('Container', { min: { cpu: '50m' } }),
    containers: [container('c')],
    why: 'minimum cpu usage per Container is 50m.  No request is specified',
  },
  {
    name: 'a request below the minimum',
    item: bound('Container', { min: { memory: '64Mi' } }),
    containers: [container('c', { requests: { memory: '32Mi' } })],
    why: 'minimum memory usage per Container is 64Mi, but request is 32Mi',
  },
  {
    name: 'a limit below the minimum',
    item: bound('Container', { min: { cpu: '1' } }),
    containers: [container('c', { requests: { cpu: '1' }, limits: { cpu: '500m' } })],
    why: 'minimum cpu usage per Container is 1, but limit is 500m',
  },
  {
    name: 'no limit where there is a maximum',
    item: bound('Container', { max: { memory: '1Gi' } }),
    containers: [container('c')],
    why: 'maximum memory usage per Container is 1Gi.  No limit is specified',
  },
  {
    name: 'a limit above the maximum',
    item: bound('Container', { max: { cpu: '800m' } }),
    containers: [container('c', { limits: { cpu: '1500m' } })],
    why: 'maximum cpu usage per Container is 800m, but limit is 1500m',
  },
  {
    name: 'what keeps to all bounds',
    item: bound('Container', { min: { cpu: '100m' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '2' } }),
    containers: [container('c', { requests: { cpu: '500m' }, limits: { cpu: '1' } })],
    why: undefined,
  },
  {
    name: 'too wide a ratio',
    item: bound('Container', { maxLimitRequestRatio: { cpu: '2' } }),
    containers: [container('c', { requests: { cpu: '100m' }, limits: { cpu: '500m' } })],
    why: 'cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000',
  },
  {
    name: 'a ratio without a request',
    item: bound('Container', { maxLimitRequestRatio: { cpu: '2' } }),
    containers: [container('c', { limits: { cpu: '500m' } })],
    why: 'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
  },
  {
    name: 'an init container beyond a bound',
    item: bound('Container', { max: { cpu: '1' } }),
    containers: [container('c', { limits: { cpu: '1' } })],
    init: [container('i', { limits: { cpu: '2' } })],
    why: 'maximum cpu usage per Container is 1, but limit is 2',
  },
  {
    name: 'a pod whose containers are too much together',
    item: bound('Pod', { max: { memory: '1Gi' } }),
    containers: [container('a', { limits: { memory: '600Mi' } }), container('b', { limits: { memory: '600Mi' } })],
    why: 'maximum memory usage per Pod is 1Gi, but limit is 1200Mi',
  },
  {
    name: 'a pod without what its class adds',
    item: bound('Pod', { max: { memory: '1Gi' } }),
    containers: [container('a', { requests: { memory: '1Gi' }, limits: { memory: '1Gi' } })],
    overhead: { memory: '64Mi' },
    why: undefined,
  },
  {
    name: 'several bounds at once',
    item: bound('Container', { max: { cpu: '1', memory: '1Gi' } }),
    containers: [container('c', { limits: { cpu: '2', memory: '2Gi' } })],
    why: '[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
  },
]
for (const { name, item, containers, init, overhead, why } of rows) {
  test(`limitRanger validates ${name}`, async () => {
    const plugin = createPlugin(limitRanger, { view: new FakeStoreView({ limitranges: [range('a', item)] }) })
    const refusal = await ask(plugin, { resource: pod, object: podOf(containers, init, overhead) })
    assert.equal(refusal, why === undefined ? undefined : `pods "p" is forbidden: ${why}`)
  })
}

test('limitRanger validates requests of claims, at creation and when they grow', async () => {
  const item = bound('PersistentVolumeClaim', { min: { storage: '1Gi' }, max: { storage: '5Gi' } })
  const plugin = createPlugin(limitRanger, { view: new FakeStoreView({ limitranges: [range('a', item)] }) })
  const claim = (storage: string) => ({ metadata: { name: 'c', namespace: 'n' }, spec: { resources: { requests: { storage } } } })
  const resource = persistentVolumeClaim
  assert.match(
    (await ask(plugin, { resource, object: claim('10Gi') })) ?? '',
    /maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi$/,
  )
  assert.match(
    (await ask(plugin, { resource, object: claim('1Mi') })) ?? '',
    /minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi$/,
  )
  assert.equal(await ask(plugin, { resource, object: claim('2Gi') }), undefined)
  assert.match((await ask(plugin, { resource, object: claim('6Gi'), oldObject: claim('2Gi') })) ?? '', /but request is 6Gi$/)
})

test('limitRanger follows its LimitRanges and leaves other namespaces alone', async () => {
  const feed = new FakeStoreView()
  const plugin = createPlugin(limitRanger, { view: feed })
  const big = () => podOf([container('c', { limits: { cpu: '2' } })])
  assert.equal(await ask(plugin, { resource: pod, object: big() }), undefined)
  feed.put('limitranges', range('a', bound('Container', { max: { cpu: '1' } })))
  assert.match((await ask(plugin, { resource: pod, object: big() })) ?? '', /maximum cpu/)
  const elsewhere = { ...big(), metadata: { name: 'p', namespace: 'other' } }
  assert.equal(await ask(plugin, { resource: pod, object: elsewhere }), undefined)
  feed.remove('limitranges', 'n', 'a')
  assert.equal(await ask(plugin, { resource: pod, object: big() }), undefined)
})
