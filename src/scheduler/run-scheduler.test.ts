import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conflict } from '../api/status.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../api/types/core-v1.ts'
import { untilAborted } from '../base/async/abort.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { Client } from '../client/client.ts'
import { events, nodes, persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../client/resources.ts'
import { FakeApi } from '../client/testing/fake-api.ts'
import type { ApiRequest, Transport } from '../client/transport/transport.ts'
import { runScheduler } from './run-scheduler.ts'

const node = (name: string, cpu: string): Node => ({
  metadata: { name },
  spec: {},
  status: { allocatable: { cpu, memory: '8Gi', pods: '110' } },
})
const pod = (name: string, cpu: string): Pod => ({
  metadata: { name, namespace: 'ns' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] },
})

function start(prepare: (api: FakeApi) => void, transportTo: (api: FakeApi) => Transport = api => api) {
  const api = new FakeApi()
  prepare(api)
  const stop = new AbortController()
  const running = runScheduler(
    { client: new Client(transportTo(api)), clock: systemClock, log: silentLogger, random: () => 0 },
    stop.signal,
  )
  return {
    api,
    until,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

test('runScheduler() binds pods, and counts its decisions before the API shows them', async () => {
  await using scheduler = start(api => {
    for (const name of ['n1', 'n2']) api.seed(nodes, node(name, '2'))
    for (let i = 0; i < 4; i++) api.seed(pods, pod(`p${i}`, '1'))
  })
  const placed = () => scheduler.api.all(pods).map(({ spec }) => spec.nodeName)
  await scheduler.until(() => placed().every(name => name !== undefined), 'all bound')
  assert.deepEqual(placed().sort(), ['n1', 'n1', 'n2', 'n2'])
  await scheduler.until(() => scheduler.api.all(events).length === 4, 'events')
  assert.match(scheduler.api.all(events)[0]?.message ?? '', /^Successfully assigned ns\/p0 to n[12]$/)
})

test('runScheduler() reports why a pod fits nowhere, and places it when it fits', async () => {
  await using scheduler = start(api => {
    api.seed(nodes, node('n1', '1'))
    api.seed(pods, pod('big', '2'))
  })
  const condition = () => scheduler.api.read(pods, 'ns', 'big')?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  await scheduler.until(() => condition() !== undefined, 'condition')
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
  assert.deepEqual([condition()?.status, condition()?.reason, condition()?.message], ['False', 'Unschedulable', message])
  await scheduler.until(() => scheduler.api.all(events).some(({ reason }) => reason === 'FailedScheduling'), 'event')
  scheduler.api.seed(nodes, node('n2', '4'))
  await scheduler.until(() => scheduler.api.read(pods, 'ns', 'big')?.spec.nodeName === 'n2', 'bound after the node came')
})

test('runScheduler() ignores pods of other schedulers and gated pods', async () => {
  await using scheduler = start(api => {
    api.seed(nodes, node('n1', '4'))
    const foreign = pod('foreign', '1')
    foreign.spec.schedulerName = 'other'
    api.seed(pods, foreign)
    const gated = pod('gated', '1')
    gated.spec.schedulingGates = [{ name: 'wait' }]
    api.seed(pods, gated)
    api.seed(pods, pod('mine', '1'))
  })
  await scheduler.until(() => scheduler.api.read(pods, 'ns', 'mine')?.spec.nodeName === 'n1', 'own pod bound')
  assert.equal(scheduler.api.read(pods, 'ns', 'foreign')?.spec.nodeName, undefined)
  assert.equal(scheduler.api.read(pods, 'ns', 'gated')?.spec.nodeName, undefined)
  scheduler.api.change(pods, 'ns', 'gated', object => {
    object.spec.schedulingGates = []
  })
  await scheduler.until(() => scheduler.api.read(pods, 'ns', 'gated')?.spec.nodeName === 'n1', 'bound when the gate is gone')
})

test('runScheduler() retries a refused binding', async () => {
  let refusals = 0
  await using scheduler = start(api => {
    api.seed(nodes, node('n1', '4'))
    api.seed(pods, pod('p', '1'))
    api.refuse = ({ path }) => {
      if (path.endsWith('/binding') && refusals++ === 0) throw conflict({ group: '', plural: 'pods' }, 'p', 'busy')
    }
  })
  await scheduler.until(() => scheduler.api.read(pods, 'ns', 'p')?.spec.nodeName === 'n1', 'bound at the second try')
})

const isBinding = ({ path }: ApiRequest): boolean => path.endsWith('/binding')

test('runScheduler() keeps resources reserved for a pod whose binding got no answer and that no watch shows', async () => {
  const bindings: string[] = []
  const stuck = new Promise<never>(() => undefined)
  await using scheduler = start(
    api => {
      api.seed(nodes, node('n1', '4'))
      for (const name of ['a', 'b']) api.seed(pods, pod(name, '3'))
    },
    api => ({
      async request(request, signal) {
        if (isBinding(request)) bindings.push(request.path.split('/').at(-2) ?? '')
        const answer = await api.request(request, signal)
        if (isBinding(request)) throw new Error('the connection was closed')
        // Bindings of this test are never seen by a watch.
        const isWatch = request.path.includes('/pods?watch=true')
        return isWatch ? { ...answer, body: { [Symbol.asyncIterator]: () => ({ next: () => untilAborted(stuck, signal) }) } } : answer
      },
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    }),
  )
  const reported = () => scheduler.api.all(events).map(({ reason, involvedObject }) => `${reason} ${involvedObject?.name}`)
  await scheduler.until(() => reported().length >= 2, 'events of both')
  assert.deepEqual(reported().sort(), ['FailedScheduling b', 'Scheduled a'])
  assert.deepEqual(bindings, ['a'])
})

test('runScheduler() retries a pod with changes that were made during its binding', async () => {
  let refusals = 0
  const marked = Promise.withResolvers<void>()
  await using scheduler = start(
    api => {
      api.seed(nodes, node('n1', '4'))
      api.seed(pods, pod('p', '1'))
    },
    api => ({
      async request(request, signal) {
        if (request.path.includes('/mark/')) marked.resolve()
        if (request.path.includes('/p/binding') && refusals++ === 0) {
          api.change(pods, 'ns', 'p', ({ spec }) => {
            spec.containers = pod('p', '8').spec.containers
          })
          // A client that binds this pod has seen the change too.
          api.seed(pods, pod('mark', '1'))
          await marked.promise
          throw conflict({ group: '', plural: 'pods' }, 'p', 'busy')
        }
        // Its condition does not bring the change again either.
        if (request.path.includes('/p/status') && refusals++ === 1) throw new Error('the connection was closed')
        return api.request(request, signal)
      },
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    }),
  )
  const read = () => scheduler.api.read(pods, 'ns', 'p')
  const why = () => read()?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  await scheduler.until(() => read()?.spec.nodeName !== undefined || why()?.reason === 'Unschedulable', 'the second try')
  assert.match(why()?.message ?? '', /1 Insufficient cpu/)
})

test('runScheduler() does not retry a pod that is being deleted, although a finalizer keeps it', async () => {
  const asked: string[] = []
  await using scheduler = start(api => {
    api.seed(nodes, node('n1', '4'))
    api.seed(pods, { ...pod('ending', '3'), metadata: { name: 'ending', namespace: 'ns', finalizers: ['example.com/keep'] } })
    api.refuse = ({ path }) => {
      if (!path.endsWith('/binding')) return
      asked.push(path.split('/').at(-2) ?? '')
      if (asked.length > 1) return
      api.change(pods, 'ns', 'ending', object => {
        object.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
      })
      throw conflict({ group: '', plural: 'pods/binding' }, 'ending', 'pod ending is being deleted, cannot be assigned to a host')
    }
  })
  await scheduler.until(() => asked.length === 1, 'a binding that comes too late')
  // Its resources are free at once, and its turn is over: the next pod gets both.
  scheduler.api.seed(pods, pod('next', '3'))
  await scheduler.until(() => scheduler.api.read(pods, 'ns', 'next')?.spec.nodeName === 'n1', 'the next is bound')
  assert.deepEqual(asked, ['ending', 'next'])
})

test('runScheduler() evicts a less important pod, reports on both, and binds to the nominated node', async () => {
  const withPriority = (name: string, priority: number): Pod => ({ ...pod(name, '2'), spec: { ...pod(name, '2').spec, priority } })
  await using scheduler = start(api => {
    api.seed(nodes, node('n1', '2'))
    api.seed(pods, withPriority('low', 1))
  })
  const read = (name: string) => scheduler.api.read(pods, 'ns', name)
  await scheduler.until(() => read('low')?.spec.nodeName === 'n1', 'the first is bound')
  scheduler.api.seed(pods, withPriority('high', 10))
  scheduler.api.seed(pods, withPriority('middle', 5))
  await scheduler.until(() => read('low')?.metadata.deletionTimestamp !== undefined, 'the victim ends')
  const target = read('low')?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.deepEqual(
    [target?.status, target?.reason, target?.message],
    ['True', 'PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'],
  )
  await scheduler.until(() => read('high')?.status?.nominatedNodeName === 'n1', 'the node waits for it')
  const why = () => read('high')?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message
  await scheduler.until(() => why() !== undefined, 'condition')
  assert.equal(why(), '0/1 nodes are available: 1 Insufficient cpu.')
  scheduler.api.remove(pods, 'ns', 'low')
  await scheduler.until(() => read('high')?.spec.nodeName === 'n1', 'bound when the victim is gone')
  assert.equal(read('middle')?.spec.nodeName, undefined)
  await scheduler.until(() => scheduler.api.all(events).some(({ reason }) => reason === 'Preempted'), 'event')
})

test('runScheduler() binds waiting claims before it binds the pod', async () => {
  const claim: PersistentVolumeClaim = {
    metadata: { name: 'c', namespace: 'ns', uid: 'u' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources: { requests: { storage: '1Gi' } } },
  }
  const withClaim = pod('p', '1')
  withClaim.spec.volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }]
  await using scheduler = start(api => {
    api.seed(nodes, node('n1', '2'))
    api.seed(storageClasses, {
      metadata: { name: 'local' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    })
    api.seed(persistentVolumeClaims, claim)
    api.seed(pods, withClaim)
  })
  const { api } = scheduler
  const why = () => api.read(pods, 'ns', 'p')?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? ''
  await scheduler.until(() => why().includes("didn't find available persistent volumes to bind"), 'no volume yet')
  api.seed(persistentVolumes, {
    metadata: { name: 'v' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'local' },
    status: { phase: 'Available' },
  })
  await scheduler.until(() => api.read(persistentVolumes, '', 'v')?.spec.claimRef?.uid !== undefined, 'the volume is the claim’s')
  assert.equal(api.read(pods, 'ns', 'p')?.spec.nodeName, undefined)
  api.change(persistentVolumeClaims, 'ns', 'c', object => {
    object.metadata.annotations = { 'pv.kubernetes.io/bind-completed': 'yes' }
    object.spec.volumeName = 'v'
    object.status = { phase: 'Bound' }
  })
  await scheduler.until(() => api.read(pods, 'ns', 'p')?.spec.nodeName === 'n1', 'bound')
})
