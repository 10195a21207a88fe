import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { statsSummary } from './stats-summary.ts'

const pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: {
    containers: [{ name: 'app' }, { name: 'side' }],
    volumes: [
      { name: 'v', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'own', ephemeral: { volumeClaimTemplate: { spec: {} } } },
      { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } },
      { name: 'scratch', emptyDir: {} },
    ],
  },
  status: { startTime: '2026-12-01T00:00:00Z' },
} as unknown as Pod
const totals = { podUid: 'u1', pod: 'web', namespace: 'shop' }
const at = Date.UTC(2026, 11, 1, 0, 0, 30)
const now = at + 5000
const volumes = [
  {
    ...{ namespace: 'shop', claim: 'data' },
    usage: [
      { unit: 'BYTES', total: 10, available: 3, used: 7 },
      { unit: 'INODES', total: 5, available: 1, used: 4 },
    ] as const,
  },
  { namespace: 'shop', claim: 'web-own', usage: [{ unit: 'BYTES', total: 11, available: 11, used: 0 }] as const },
  { namespace: 'shop', claim: 'disk', usage: [{ unit: 'BYTES', total: 12 }] as const },
  { namespace: 'bank', claim: 'data', usage: [{ unit: 'BYTES', total: 99 }] as const },
]

test("statsSummary() has the kubelet's fields for node, pods, containers and claims' volumes", () => {
  const usage = { at, windowMs: 15_000 }
  const summary = statsSummary({
    nodeName: 'n1',
    usage: {
      node: { ...usage, cpuNanocores: 9, memoryBytes: 8 },
      containers: [
        { podUid: 'u1', name: 'app', ...usage, cpuNanocores: 3, memoryBytes: 4096 },
        { podUid: 'u1', name: 'side', ...usage, cpuNanocores: 4, memoryBytes: 1 },
      ],
    },
    last: {
      at,
      machine: { cpuNanoseconds: 100, memoryBytes: 8 },
      containers: new Map([
        ['c1', { ...totals, name: 'app', cpuNanoseconds: 50, memoryBytes: 4096 }],
        ['c2', { ...totals, name: 'side', cpuNanoseconds: 20, memoryBytes: 1 }],
        ['c3', { ...totals, podUid: 'other', name: 'app', cpuNanoseconds: 20, memoryBytes: 1 }],
      ]),
    },
    ...{ pods: [pod], volumes, now },
  })
  const time = '2026-12-01T00:00:30Z'
  const of = (usageNanoCores: number, usageCoreNanoSeconds: number, workingSetBytes: number) => ({
    cpu: { time, usageNanoCores, usageCoreNanoSeconds },
    memory: { time, workingSetBytes },
  })
  const later = '2026-12-01T00:00:35Z'
  assert.deepEqual(summary, {
    node: { nodeName: 'n1', ...of(9, 100, 8) },
    pods: [
      {
        podRef: { name: 'web', namespace: 'shop', uid: 'u1' },
        startTime: '2026-12-01T00:00:00Z',
        containers: [
          { name: 'app', ...of(3, 50, 4096) },
          { name: 'side', ...of(4, 20, 1) },
        ],
        ...of(7, 70, 4097),
        volume: [
          {
            ...{ time: later, name: 'v', pvcRef: { name: 'data', namespace: 'shop' } },
            ...{ availableBytes: 3, capacityBytes: 10, usedBytes: 7, inodesFree: 1, inodes: 5, inodesUsed: 4 },
          },
          {
            ...{ time: later, name: 'own', pvcRef: { name: 'web-own', namespace: 'shop' } },
            ...{ availableBytes: 11, capacityBytes: 11, usedBytes: 0 },
          },
          { time: later, name: 'disk', pvcRef: { name: 'disk', namespace: 'shop' }, capacityBytes: 12 },
        ],
      },
    ],
  })
})

test('statsSummary() leaves out what is not measured', () => {
  assert.deepEqual(statsSummary({ nodeName: 'n1', usage: { containers: [] }, last: undefined, pods: [pod], volumes: [], now }), {
    node: { nodeName: 'n1' },
    pods: [{ podRef: { name: 'web', namespace: 'shop', uid: 'u1' }, startTime: '2026-12-01T00:00:00Z', containers: [] }],
  })
})
