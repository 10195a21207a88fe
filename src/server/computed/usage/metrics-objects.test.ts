import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerUsage } from '../../../api/nodes/node-protocol.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import { byPod, nodeMetricsOf, podMetricsOf } from './metrics-objects.ts'

const at = Date.UTC(2026, 0, 1)
const used = { at, windowMs: 15_003, cpuNanocores: 12_345_678, memoryBytes: 3 * 1024 * 1024 }
const containerOf = (name: string, podUid = 'u1'): ContainerUsage => ({ podUid, name, ...used })

function podOf(over: Partial<Pod['spec']> = {}, phase = 'Running'): Pod {
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
    spec: { containers: [{ name: 'app', image: 'i' }], ...over },
    status: { phase },
  }
}

test('podMetricsOf() is as metrics-server would have it', () => {
  assert.deepEqual(podMetricsOf(podOf(), byPod([containerOf('app'), containerOf('app', 'other')])), {
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' }, creationTimestamp: '2026-01-01T00:00:00Z' },
    timestamp: '2026-01-01T00:00:00Z',
    window: '15.003s',
    containers: [{ name: 'app', usage: { cpu: '12345678n', memory: '3Mi' } }],
  })
})

const sidecar = { initContainers: [{ name: 'proxy', image: 'i', restartPolicy: 'Always' }] }
const setup = { initContainers: [{ name: 'setup', image: 'i' }] }
const rows: readonly {
  readonly name: string
  readonly pod: Pod
  readonly usages: readonly ContainerUsage[]
  readonly containers?: string[]
}[] = [
  { name: 'a pod with a sidecar', pod: podOf(sidecar), usages: [containerOf('proxy'), containerOf('app')], containers: ['app', 'proxy'] },
  { name: 'a pod whose sidecar was not measured', pod: podOf(sidecar), usages: [containerOf('app')] },
  { name: 'a pod whose init container is over', pod: podOf(setup), usages: [containerOf('app')], containers: ['app'] },
  { name: 'a pod that is not measured', pod: podOf(), usages: [] },
  { name: 'an earlier pod of the same name', pod: podOf(), usages: [containerOf('app', 'u0')] },
  { name: 'a pod that is over', pod: podOf({}, 'Succeeded'), usages: [containerOf('app')] },
]
for (const { name, pod, usages, containers } of rows) {
  test(`podMetricsOf() of ${name} has ${containers?.join(' and ') ?? 'nothing'}`, () => {
    assert.deepEqual(
      podMetricsOf(pod, byPod(usages))?.containers.map(each => each.name),
      containers,
    )
  })
}

test('nodeMetricsOf() of a node that measured nothing is nothing', () => {
  const node = { metadata: { name: 'n1', labels: { zone: 'a' } } }
  assert.equal(nodeMetricsOf(node, { containers: [] }), undefined)
  const found = nodeMetricsOf(node, { node: { ...used, cpuNanocores: 2_000_000_000 }, containers: [] })
  assert.deepEqual([found?.metadata.labels, found?.usage], [{ zone: 'a' }, { cpu: '2', memory: '3Mi' }])
})
