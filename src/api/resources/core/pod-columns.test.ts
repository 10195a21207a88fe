import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ContainerState, ContainerStatus, Pod, PodSpec, PodStatus } from '../../types/core-v1.ts'
import { fixtureTime, row } from './new-object.fixture.ts'
import { pod } from './pod.ts'

const status = (state: ContainerState, fields: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: 'web',
  image: 'i',
  imageID: 'i',
  ready: false,
  restartCount: 0,
  state,
  ...fields,
})
const running = status({ running: {} }, { ready: true })
const waiting = (reason: string): ContainerStatus => status({ waiting: { reason } })
const ended = (exitCode: number, reason?: string): ContainerStatus =>
  status({ terminated: { exitCode, ...(reason === undefined ? {} : { reason }) } })

interface Case {
  readonly name: string
  readonly status: PodStatus
  readonly spec?: Partial<PodSpec>
  readonly deleted?: boolean
  readonly ready: string
  readonly shows: string
  readonly restarts?: string
}

const sidecar = { name: 'proxy', image: 'i', restartPolicy: 'Always' }
const cases: readonly Case[] = [
  { name: 'pending', status: { phase: 'Pending' }, ready: '0/1', shows: 'Pending' },
  { name: 'running', status: { phase: 'Running', containerStatuses: [running] }, ready: '1/1', shows: 'Running' },
  {
    name: 'creating',
    status: { phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] },
    ready: '0/1',
    shows: 'ContainerCreating',
  },
  {
    name: 'crash loop',
    status: {
      phase: 'Running',
      containerStatuses: [
        status(
          { waiting: { reason: 'CrashLoopBackOff' } },
          { restartCount: 4, lastState: { terminated: { exitCode: 1, finishedAt: '2025-12-31T23:55:00Z' } } },
        ),
      ],
    },
    ready: '0/1',
    shows: 'CrashLoopBackOff',
    restarts: '4 (5m ago)',
  },
  { name: 'completed', status: { phase: 'Succeeded', containerStatuses: [ended(0, 'Completed')] }, ready: '0/1', shows: 'Completed' },
  { name: 'exit code', status: { phase: 'Failed', containerStatuses: [ended(3)] }, ready: '0/1', shows: 'ExitCode:3' },
  {
    name: 'signal',
    status: { phase: 'Failed', containerStatuses: [status({ terminated: { exitCode: 0, signal: 9 } })] },
    ready: '0/1',
    shows: 'Signal:9',
  },
  { name: 'evicted', status: { phase: 'Failed', reason: 'Evicted' }, ready: '0/1', shows: 'Evicted' },
  { name: 'terminating', status: { phase: 'Running', containerStatuses: [running] }, deleted: true, ready: '1/1', shows: 'Terminating' },
  { name: 'ended while deleted', status: { phase: 'Succeeded' }, deleted: true, ready: '0/1', shows: 'Succeeded' },
  { name: 'lost node', status: { phase: 'Running', reason: 'NodeLost' }, deleted: true, ready: '0/1', shows: 'Unknown' },
  {
    name: 'initialising',
    spec: {
      initContainers: [
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
      ],
    },
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        { ...ended(0), name: 'a' },
        { ...waiting('PodInitializing'), name: 'b' },
      ],
    },
    ready: '0/1',
    shows: 'Init:1/2',
  },
  {
    name: 'failed initialisation',
    spec: { initContainers: [{ name: 'a', image: 'i' }] },
    status: { phase: 'Pending', initContainerStatuses: [{ ...ended(1, 'Error'), name: 'a', restartCount: 2 }] },
    ready: '0/1',
    shows: 'Init:Error',
    restarts: '2',
  },
  {
    name: 'sidecar',
    spec: { initContainers: [sidecar] },
    status: { phase: 'Running', initContainerStatuses: [{ ...running, name: 'proxy', started: true }], containerStatuses: [running] },
    ready: '2/2',
    shows: 'Running',
  },
  {
    name: 'gated',
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    ready: '0/1',
    shows: 'SchedulingGated',
  },
]

describe('the row of a pod', () => {
  for (const { name, status: podStatus, spec, deleted, ready, shows, restarts = '0' } of cases) {
    test(name, () => {
      const object: Pod = {
        metadata: {
          name: 'a',
          creationTimestamp: '2025-12-31T23:00:00Z',
          ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
        },
        spec: { containers: [{ name: 'web', image: 'i' }], ...spec },
        status: podStatus,
      }
      const cells = row(pod, object, fixtureTime)
      assert.deepEqual([cells['Ready'], cells['Status'], cells['Restarts'], cells['Age']], [ready, shows, restarts, '60m'])
    })
  }

  test('wide cells', () => {
    const object: Pod = {
      metadata: { name: 'a' },
      spec: { containers: [], nodeName: 'n', readinessGates: [{ conditionType: 'x/a' }, { conditionType: 'x/b' }] },
      status: { podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'x/a', status: 'True' }] },
    }
    const cells = row(pod, object)
    assert.deepEqual([cells['IP'], cells['Node'], cells['Nominated Node'], cells['Readiness Gates']], ['10.0.0.1', 'n', '<none>', '1/2'])
  })
})
