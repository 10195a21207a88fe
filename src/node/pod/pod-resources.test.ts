import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../../api/types/core-v1.ts'
import { containerOf, podOf } from './fixture.ts'
import { containerResources, memoryVolumeBytes, podLimits, qosClass } from './pod-resources.ts'

const resources = (requests?: Record<string, string>, limits?: Record<string, string>): Partial<Container> => ({
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
})

const classes: [string, Partial<Container>, string][] = [
  ['nothing', {}, 'BestEffort'],
  ['zero', resources({ cpu: '0' }), 'BestEffort'],
  ['a request', resources({ cpu: '1' }), 'Burstable'],
  ['equal requests and limits', resources({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' }), 'Guaranteed'],
  ['limits alone', resources(undefined, { cpu: '1', memory: '1Gi' }), 'Guaranteed'],
  ['a limit of one resource', resources(undefined, { memory: '1Gi' }), 'Burstable'],
  ['a request below its limit', resources({ cpu: '1', memory: '1Gi' }, { cpu: '2', memory: '1Gi' }), 'Burstable'],
]
for (const [name, container, want] of classes) {
  test(`qosClass(): ${name}`, () => assert.equal(qosClass(podOf({ containers: [containerOf('c', container)] })), want))
}

test('containerResources() turns quantities into cgroup numbers', () => {
  const container = containerOf('c', resources({ cpu: '250m', memory: '64Mi' }, { cpu: '500m', memory: '128Mi' }))
  assert.deepEqual(containerResources(podOf({ containers: [container] }), container, 64 * 2 ** 30), {
    cpuShares: 256,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    memoryLimitInBytes: 128 * 2 ** 20,
    oomScoreAdj: 999,
  })
  assert.deepEqual(containerResources(podOf(), containerOf('c'), 1), { cpuShares: 2, oomScoreAdj: 1000 })
})

test('podLimits() sums the containers, uses a larger init container, and has no limit if one container has none', () => {
  const limited = resources(undefined, { cpu: '1', memory: '100Mi' })
  const pod = podOf({
    containers: [containerOf('a', limited), containerOf('b', limited)],
    initContainers: [containerOf('i', resources(undefined, { cpu: '3', memory: '10Mi' }))],
  })
  assert.deepEqual(podLimits(pod), { cpuShares: 3072, cpuQuota: 300_000, memoryBytes: 200 * 2 ** 20, pids: 4096 })
  assert.equal(podLimits(podOf({ containers: [containerOf('a', limited), containerOf('b')] })).memoryBytes, undefined)
  const alone = { containers: [containerOf('a', limited)] }
  const added = podLimits(podOf({ ...alone, overhead: { memory: '10Mi' } })).memoryBytes ?? 0
  assert.equal(added - (podLimits(podOf(alone)).memoryBytes ?? 0), 10 * 2 ** 20)
})

const mebi = 2 ** 20
const ofPod = resources(undefined, { memory: '100Mi' })
const volumes: [string, Partial<Container>, string | undefined, number][] = [
  ['its own size', ofPod, '10Mi', 10 * mebi],
  ['the limit of its pod, where it has no size', ofPod, undefined, 100 * mebi],
  ['the limit of its pod, where its size is more', ofPod, '1Gi', 100 * mebi],
  ['what all pods of the node may have, where nothing limits it', {}, undefined, 512 * mebi],
  ['the same where its size is 0, which the kernel reads as none', {}, '0', 512 * mebi],
]
for (const [name, container, sizeLimit, want] of volumes) {
  test(`memoryVolumeBytes() is ${name}`, () =>
    assert.equal(memoryVolumeBytes(podOf({ containers: [containerOf('c', container)] }), sizeLimit, 512 * mebi), want))
}
