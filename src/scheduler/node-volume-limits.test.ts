import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { ClusterState, type VolumeView } from './framework/cluster-state.ts'
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts'

const driver = 'disk.example.com'
const claimed = (name: string, ...claims: string[]): Pod => ({
  metadata: { name, namespace: 'a', uid: name },
  spec: { containers: [], volumes: claims.map(claimName => ({ name: claimName, persistentVolumeClaim: { claimName } })) },
})

/** Claims named `new…` are not bound; those named `other…` are of another driver; all others are bound to a volume of their name. */
const volumes = (limit: number | undefined): VolumeView => ({
  claim: (_namespace, name) => ({
    metadata: { name },
    spec: { storageClassName: name.startsWith('other') ? 'other' : 'disk', ...(name.startsWith('new') ? {} : { volumeName: name }) },
  }),
  volume: name =>
    name === ''
      ? undefined
      : { metadata: { name }, spec: { csi: { driver: name.startsWith('other') ? 'other' : driver, volumeHandle: name } } },
  candidates: () => [],
  storageClass: name => ({ metadata: { name }, provisioner: name === 'other' ? 'other' : driver }),
  capacity: () => undefined,
  volumeLimit: (node, of) => (node === 'n1' && of === driver ? limit : undefined),
  state: {},
  taken: new Set(),
})

const rows: readonly {
  readonly name: string
  readonly limit: number | undefined
  readonly there: readonly string[]
  readonly pod: readonly string[]
  readonly fits: boolean
}[] = [
  { name: 'below the limit', limit: 2, there: ['v1'], pod: ['v2'], fits: true },
  { name: 'beyond the limit', limit: 1, there: ['v1'], pod: ['v2'], fits: false },
  { name: 'a volume that is there already', limit: 1, there: ['v1'], pod: ['v1'], fits: true },
  { name: 'a claim without a volume yet', limit: 1, there: ['v1'], pod: ['new'], fits: false },
  { name: 'two at once', limit: 1, there: [], pod: ['v1', 'v2'], fits: false },
  { name: 'volumes of another driver', limit: 1, there: ['other1', 'other2'], pod: ['v1'], fits: true },
  { name: 'a node without a limit', limit: undefined, there: ['v1', 'v2', 'v3'], pod: ['v4'], fits: true },
]
for (const { name, limit, there, pod, fits } of rows)
  test(`NodeVolumeLimits and ${name}`, () => {
    const cluster = new ClusterState(() => ({}), volumes(limit))
    cluster.setNode({ metadata: { name: 'n1' }, spec: {} })
    for (const claim of there) cluster.setPod({ ...claimed(`p-${claim}`, claim), spec: { ...claimed('', claim).spec, nodeName: 'n1' } })
    const [node] = cluster.nodes
    assert.ok(node !== undefined)
    const fit = nodeVolumeLimits.prepare(claimed('p', ...pod), cluster)?.filter?.(node)
    assert.equal(fit?.fits, fits)
  })

test('NodeVolumeLimits does not concern a pod without volumes of CSI drivers', () => {
  assert.equal(nodeVolumeLimits.prepare(claimed('p'), new ClusterState(() => ({}), volumes(1))), undefined)
})

test('NodeVolumeLimits counts the volumes of a node once for each change of its pods, claims or volumes', () => {
  let looked = 0
  const { claim, ...rest } = volumes(2)
  const renewed = { state: {} }
  const view: VolumeView = {
    ...rest,
    claim: (namespace, name) => {
      looked++
      return claim(namespace, name)
    },
    get state() {
      return renewed.state
    },
  }
  const cluster = new ClusterState(() => ({}), view)
  cluster.setNode({ metadata: { name: 'n1' }, spec: {} })
  const on = (name: string): Pod => ({ ...claimed(`p-${name}`, name), spec: { ...claimed('', name).spec, nodeName: 'n1' } })
  cluster.setPod(on('v1'))
  const [node] = cluster.nodes
  assert.ok(node !== undefined)
  const tried = () => {
    looked = 0
    const fit = nodeVolumeLimits.prepare(claimed('p', 'v9'), cluster)?.filter?.(node)
    return { fits: fit?.fits, looked }
  }
  const own = 1
  assert.deepEqual(tried(), { fits: true, looked: own + 1 })
  assert.deepEqual(tried(), { fits: true, looked: own })
  cluster.setPod(on('v2'))
  assert.deepEqual(tried(), { fits: false, looked: own + 2 })
  renewed.state = {}
  assert.deepEqual(tried(), { fits: false, looked: own + 2 })
  assert.deepEqual(tried(), { fits: false, looked: own })
})
