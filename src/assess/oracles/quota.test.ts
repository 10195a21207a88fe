import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod } from '../../api/types/core-v1.ts'
import { expectedUse, podAmount } from './quota.ts'

const container = (cpu: string, more: Partial<Container> = {}): Container => ({ name: 'a', resources: { requests: { cpu } }, ...more })
const pod = (spec: Partial<Pod['spec']>, status: Pod['status'] = {}): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
  ...{ spec: { containers: [container('10m')], ...spec }, status },
})
const milli = (n: number): bigint => BigInt(n) * 10n ** 6n

const sums = [
  { name: 'adds containers', spec: { containers: [container('40m'), container('60m')] }, cpu: 100 },
  { name: 'takes the largest init container', spec: { initContainers: [container('50m'), container('30m')] }, cpu: 50 },
  { name: 'adds a sidecar', spec: { initContainers: [container('20m', { restartPolicy: 'Always' })] }, cpu: 30 },
  {
    name: 'adds a sidecar to a later init container',
    spec: { initContainers: [container('20m', { restartPolicy: 'Always' }), container('15m')] },
    cpu: 35,
  },
  {
    name: 'adds no sidecar to an earlier init container',
    spec: { initContainers: [container('35m'), container('20m', { restartPolicy: 'Always' })] },
    cpu: 35,
  },
  { name: 'adds overhead', spec: { overhead: { cpu: '5m' } }, cpu: 15 },
]
for (const { name, spec, cpu } of sums) test(`podAmount() ${name}`, () => assert.equal(podAmount(pod(spec), 'requests', 'cpu'), milli(cpu)))

test('expectedUse() counts pods that can run, and count/pods all of them', () => {
  const pods = [pod({}), pod({}, { phase: 'Succeeded' })]
  const use = expectedUse({ spec: { hard: { pods: '1', 'count/pods': '1', 'requests.cpu': '1' } } }, { pods })
  assert.deepEqual(Object.fromEntries(use), { pods: 10n ** 9n, 'count/pods': 2n * 10n ** 9n, 'requests.cpu': milli(10) })
})

test('expectedUse() counts only pods in all scopes', () => {
  const pods = [pod({}), pod({ activeDeadlineSeconds: 1 }), pod({ containers: [{ name: 'a' }] })]
  const spec = { hard: { pods: '1' }, scopes: ['NotTerminating', 'NotBestEffort'] }
  assert.deepEqual(Object.fromEntries(expectedUse({ spec }, { pods })), { pods: 10n ** 9n })
})

test('expectedUse() leaves out what the inventory does not show', () => {
  assert.equal(expectedUse({ spec: { hard: { 'count/widgets.example.com': '1', 'bulkhead.dev/stored-bytes': '1' } } }, {}).size, 0)
})
