// A final phase stays final, even if the node sees old copies of the pod later.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { events, pods } from '../client/resources.ts'
import { FakeApi } from '../client/testing/fake-api.ts'
import type { ApiRequest, ApiResponse, Transport } from '../client/transport/transport.ts'
import { runSimulatedNode } from './simulated-node.ts'
import type { NodeRequestOptions } from './streams/node-requests.ts'

const now = () => new Date().toISOString()

const podOf = (phase?: 'Running'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'default', uid: 'p', finalizers: ['batch.kubernetes.io/job-tracking'] },
  spec: { nodeName: 'n1', restartPolicy: 'Never', containers: [{ name: 'c', image: 'r.example/a:1' }] },
  ...(phase ? { status: { phase, containerStatuses: [{ ...ofC, state: { running: { startedAt: now() } } }] } } : {}),
})
const ofC = { name: 'c', image: 'r.example/a:1', imageID: 'i', ready: true, restartCount: 0 }

/** Delivers events of pods one by one, each when the test lets it. */
class LateEvents implements Transport {
  readonly api: FakeApi
  #permits = Number.POSITIVE_INFINITY
  #changed = Promise.withResolvers<void>()

  constructor(api: FakeApi) {
    this.api = api
  }

  /** Lets only so many events through from now on. */
  letThrough(count: number): void {
    this.#permits = count
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const answer = await this.api.request(request, signal)
    const isPodWatch = request.path.startsWith('/api/v1/pods?') && request.path.includes('watch=true')
    return isPodWatch ? { ...answer, body: this.#held(answer.body, signal) } : answer
  }

  async *#held(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
    signal.addEventListener('abort', () => this.#changed.resolve(), { once: true })
    for await (const chunk of body) {
      for (const line of chunk.toString('utf8').split('\n')) {
        if (line === '') continue
        while (this.#permits <= 0 && !signal.aborted) await this.#changed.promise
        this.#permits--
        yield Buffer.from(`${line}\n`)
      }
    }
  }

  [Symbol.asyncDispose] = async () => undefined
}

async function withNode(transport: Transport, work: (node: NodeRequestOptions) => Promise<void>, clock = systemClock): Promise<void> {
  const stop = new AbortController()
  const ready = Promise.withResolvers<NodeRequestOptions>()
  const running = runSimulatedNode(
    {
      ...{ transport, name: 'n1', clock, log: silentLogger, random: Math.random, delays: {}, podRange: '10.244.0.0/24' },
      onReady: ({ requests }) => ready.resolve(requests),
    },
    stop.signal,
  )
  try {
    await work(await ready.promise)
  } finally {
    stop.abort()
    await running
  }
}

const phaseOf = (api: FakeApi) => api.read(pods, 'default', 'p')?.status?.phase
const phasesTold = (api: FakeApi) =>
  api.requests.flatMap(({ method, path, body }) =>
    method === 'PATCH' && path.endsWith('/pods/p/status') ? [(body as Pod).status?.phase ?? ''] : [],
  )
const removals = (api: FakeApi) => api.requests.filter(({ method, path }) => method === 'DELETE' && path.includes('/pods/p')).length

test('a finished pod that is still in the API is left alone, even if an older copy arrives late', async () => {
  const api = new FakeApi(() => Date.now())
  const late = new LateEvents(api)
  await withNode(late, async ({ runtime }) => {
    api.seed(pods, podOf())
    await until(() => phaseOf(api) === 'Running', 'running')
    late.letThrough(0)
    api.change(pods, 'default', 'p', ({ metadata }) => {
      metadata.deletionTimestamp = now()
      metadata.deletionGracePeriodSeconds = 30
    })
    // As if another client marked the pod before its node reports the end.
    api.change(pods, 'default', 'p', ({ metadata }) => {
      metadata.annotations = { seen: 'before the end' }
    })
    const [container] = await runtime.listContainers({}, AbortSignal.timeout(60_000))
    assert.ok(container && 'exit' in runtime && runtime.exit instanceof Function)
    runtime.exit(container.id, 0)
    await until(() => phaseOf(api) === 'Succeeded', 'the end')
    late.letThrough(1)
    await until(() => removals(api) === 1, 'given free')
    late.letThrough(Number.POSITIVE_INFINITY)
    // Events arrive in order: a worker that runs this pod has seen those of the other.
    api.seed(pods, { ...podOf(), metadata: { name: 'q', namespace: 'default', uid: 'q' } })
    await until(() => api.read(pods, 'default', 'q')?.status?.phase === 'Running', 'the next pod')
    assert.equal(phaseOf(api), 'Succeeded')
    assert.ok(!phasesTold(api).includes('Failed'))
    assert.equal(removals(api), 1)
  })
})

for (const [name, deletionTimestamp] of [
  ['runs', undefined],
  ['is being deleted', now()],
] as const) {
  test(`an agent's last status stays if the next agent gets an older copy of a pod that ${name}`, async () => {
    const api = new FakeApi(() => Date.now())
    const late = new LateEvents(api)
    const pod = podOf('Running')
    api.seed(pods, { ...pod, metadata: { ...pod.metadata, ...(deletionTimestamp ? { deletionTimestamp } : {}) } })
    late.letThrough(0)
    let isSaid = false
    api.refuse = ({ method, path }) => {
      if (isSaid || method !== 'PATCH' || !path.endsWith('/pods/p/status')) return
      isSaid = true
      api.change(pods, 'default', 'p', ({ status }) => {
        Object.assign(status ?? {}, {
          phase: 'Succeeded',
          containerStatuses: [{ ...ofC, ready: false, state: { terminated: { exitCode: 0 } } }],
        })
      })
    }
    await withNode(late, async ({ worker }) => {
      const phases = new Set<string | undefined>()
      await until(() => {
        if (isSaid) phases.add(phaseOf(api))
        return phasesTold(api).length >= 2 || phases.size > 1
      }, 'a second try')
      late.letThrough(Number.POSITIVE_INFINITY)
      await until(() => {
        phases.add(phaseOf(api))
        if (phases.size > 1) return true
        return deletionTimestamp ? removals(api) === 1 : worker('p')?.pod.status?.phase === 'Succeeded'
      }, 'the newest copy')
      api.seed(pods, { ...podOf(), metadata: { name: 'q', namespace: 'default', uid: 'q' } })
      await until(() => api.read(pods, 'default', 'q')?.status?.phase === 'Running', 'the next pod')
      phases.add(phaseOf(api))
      assert.deepEqual([...phases], ['Succeeded'])
    })
  })
}

test('an ended pod is not ended again by its deadline while its own copy lags behind', async () => {
  const api = new FakeApi(() => Date.now())
  const late = new LateEvents(api)
  let ahead = 0
  await withNode(
    late,
    async ({ runtime, worker }) => {
      const pod = podOf()
      api.seed(pods, { ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 3600 } })
      await until(() => worker('p')?.pod.status?.phase === 'Running', 'running')
      late.letThrough(0)
      const [container] = await runtime.listContainers({}, AbortSignal.timeout(60_000))
      assert.ok(container && 'exit' in runtime && runtime.exit instanceof Function)
      runtime.exit(container.id, 0)
      await until(() => phaseOf(api) === 'Succeeded', 'the end')
      ahead = 7_200_000
      const passed = worker('p')?.stateChanged(AbortSignal.timeout(60_000))
      worker('p')?.wake()
      await passed
      late.letThrough(Number.POSITIVE_INFINITY)
      await until(() => worker('p')?.pod.status?.phase === 'Succeeded', 'the newest copy')
      const after = worker('p')?.stateChanged(AbortSignal.timeout(60_000))
      worker('p')?.wake()
      await after
      assert.equal(api.read(pods, 'default', 'p')?.status?.reason, undefined)
      assert.deepEqual(
        api.all(events).filter(({ reason }) => reason === 'DeadlineExceeded'),
        [],
      )
    },
    { ...systemClock, now: () => Date.now() + ahead },
  )
})
