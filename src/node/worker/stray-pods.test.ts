import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { pods } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { addStray, runStray } from '../run-stray.ts'
import { runSimulatedNode } from '../simulated-node.ts'

test('what runs on the node and is of no pod is removed while the agent runs, and pods stay', async () => {
  const stop = new AbortController()
  const api = new FakeApi(() => Date.now())
  const { promise: ready, resolve } = Promise.withResolvers<ContainerRuntime>()
  const running = runSimulatedNode(
    {
      ...{ transport: api, name: 'n1', clock: systemClock, log: silentLogger, random: Math.random, delays: {}, podRange: '10.244.0.0/24' },
      onReady: ({ requests }) => resolve(requests.runtime),
    },
    stop.signal,
  )
  try {
    const runtime = await ready
    api.seed(pods, {
      metadata: { name: 'a', namespace: 'default' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'r.example/a:1' }] },
    })
    const isReady = () =>
      api.read(pods, 'default', 'a')?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    await until(isReady, 'a pod that is ready')
    const sandboxes = async () => (await runtime.listSandboxes({}, stop.signal)).map(({ id }) => id)
    const own = await sandboxes()
    for (const uid of ['', 'of-nobody']) {
      await using stray = await runStray(runtime, uid, stop.signal)
      await until(() => stray.isGone(stop.signal), `the end of the stray "${uid}"`)
      assert.deepEqual(await sandboxes(), own)
      assert.equal((await runtime.listContainers({}, stop.signal)).length, 1)
    }
    const { metadata } = api.read(pods, 'default', 'a') ?? assert.fail('the pod is gone')
    for (const container of ['', 'another', 'c']) {
      await using stray = (await addStray(runtime, { uid: metadata.uid ?? '', container }, stop.signal)) ?? assert.fail('no sandbox')
      await until(() => stray.isGone(stop.signal), `the end of the stray container "${container}" in the sandbox of the pod`)
      assert.equal((await runtime.listContainers({}, stop.signal)).length, 1)
      assert.deepEqual(await sandboxes(), own)
    }
    assert.ok(isReady())
    assert.equal(api.read(pods, 'default', 'a')?.status?.containerStatuses?.[0]?.restartCount, 0)
  } finally {
    stop.abort()
    await running
  }
})
