import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { events, pods } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { runSimulatedNode } from '../simulated-node.ts'
import type { PodWorker } from '../worker/pod-worker.ts'
import type { PodEnd } from './pod-termination.ts'

const podOf = (name: string, spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: name },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'r.example/a:1' }], ...spec },
})
const message = 'The node was low on resource: ephemeral-storage. '
const evicted: PodEnd = {
  type: 'Warning',
  reason: 'Evicted',
  message,
  graceSeconds: 1,
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }],
  annotations: { starved_resource: 'ephemeral-storage' },
}

async function withWorkers(
  work: (api: FakeApi, worker: (name: string) => Promise<PodWorker>) => Promise<void>,
  { api = new FakeApi(() => Date.now()), pullMs = 0, clock = systemClock } = {},
): Promise<void> {
  const stop = new AbortController()
  const ready = Promise.withResolvers<(uid: string) => PodWorker | undefined>()
  const running = runSimulatedNode(
    {
      transport: api,
      name: 'n1',
      clock,
      log: silentLogger,
      random: Math.random,
      delays: { pull: pullMs },
      podRange: '10.244.0.0/24',
      onReady: ({ requests }) => ready.resolve(requests.worker),
    },
    stop.signal,
  )
  try {
    const find = await ready.promise
    await work(api, async name => {
      let worker: PodWorker | undefined
      await until(() => {
        worker = find(name)
        return worker !== undefined
      }, `a worker of ${name}`)
      assert.ok(worker)
      return worker
    })
  } finally {
    stop.abort()
    await running
  }
}

const statusOf = (api: FakeApi, name: string) => api.read(pods, 'default', name)?.status

test('PodWorker.end() stops containers, and reports the reason once, in status, condition and event', async () => {
  await withWorkers(async (api, worker) => {
    api.seed(pods, podOf('p'))
    await until(() => statusOf(api, 'p')?.phase === 'Running', 'running')
    const ended = await worker('p')
    await Promise.all([ended.end(evicted), ended.end({ ...evicted, reason: 'Other' })])
    assert.equal(ended.state.containers.get('c')?.[0]?.state, 'CONTAINER_EXITED')
    await until(() => statusOf(api, 'p')?.phase === 'Failed', 'failed')
    const status = statusOf(api, 'p')
    assert.deepEqual([status?.reason, status?.message], ['Evicted', message])
    assert.equal(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason, 'TerminationByKubelet')
    assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 137)
    await until(() => api.all(events).some(({ reason }) => reason === 'Evicted'), 'an event')
    const reported = api.all(events).filter(({ type }) => type === 'Warning')
    assert.deepEqual(
      reported.map(({ reason, message, metadata }) => [reason, message, metadata.annotations?.['starved_resource']]),
      [['Evicted', message, 'ephemeral-storage']],
    )
  })
})

test('PodWorker.end() does not wait for anything that the pod waits for', async () => {
  await withWorkers(
    async (api, worker) => {
      api.seed(pods, podOf('p'))
      await until(() => api.all(events).some(({ reason }) => reason === 'Pulling'), 'a pull')
      await (await worker('p')).end(evicted)
      await until(() => statusOf(api, 'p')?.phase === 'Failed', 'failed')
      assert.equal(statusOf(api, 'p')?.reason, 'Evicted')
    },
    { pullMs: 3_600_000 },
  )
})

test('an ended pod stays ended when another agent sees it', async () => {
  const api = new FakeApi(() => Date.now())
  await withWorkers(
    async (_, worker) => {
      api.seed(pods, podOf('p'))
      await until(() => statusOf(api, 'p')?.phase === 'Running', 'running')
      await (await worker('p')).end(evicted)
      await until(() => statusOf(api, 'p')?.phase === 'Failed', 'failed')
    },
    { api },
  )
  const before = statusOf(api, 'p')
  api.change(pods, 'default', 'p', ({ status }) => {
    if (status) status.hostIP = '192.0.2.9'
  })
  await withWorkers(
    async () => {
      // The corrected address shows that the pod was processed.
      await until(() => statusOf(api, 'p')?.hostIP === '192.0.2.1', 'another report')
      const { reason, message: said, containerStatuses } = statusOf(api, 'p') ?? {}
      assert.deepEqual([reason, said], ['Evicted', message])
      assert.deepEqual(containerStatuses?.[0]?.state, before?.containerStatuses?.[0]?.state)
    },
    { api },
  )
})

test("repeated failures in a pod's start are retried at growing intervals", async () => {
  const waits: number[] = []
  const sleep = (ms: number, signal?: AbortSignal) => {
    waits.push(ms)
    return systemClock.sleep(Math.min(ms, 5), signal)
  }
  await withWorkers(
    async api => {
      api.seed(pods, podOf('p', { volumes: [{ name: 'v', secret: { secretName: 'missing' } }] }))
      await until(() => waits.includes(8000), 'a longer wait')
      assert.ok(waits.indexOf(8000) > waits.indexOf(4000))
    },
    { clock: { ...systemClock, sleep } },
  )
})
