// Events that make unschedulable pods be retried.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conflict } from '../api/status.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { Client } from '../client/client.ts'
import { nodes, pods } from '../client/resources.ts'
import { FakeApi } from '../client/testing/fake-api.ts'
import { runScheduler } from './run-scheduler.ts'

const zone = 'topology.kubernetes.io/zone'
const nodeOf = (name: string, cpu: string, labels: Record<string, string> = {}): Node => ({
  metadata: { name, labels },
  spec: {},
  status: { allocatable: { cpu, pods: '110' } },
})
const podOf = (name: string, cpu: string, { spec = {}, ...more }: { spec?: Partial<Pod['spec']>; status?: Pod['status'] } = {}): Pod => ({
  metadata: { name, namespace: 'ns', uid: name, labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...spec },
  ...more,
})

function start(...objects: readonly (Node | Pod)[]) {
  const api = new FakeApi()
  for (const object of objects) {
    if ('containers' in (object.spec ?? {})) api.seed(pods, object as Pod)
    else api.seed(nodes, object as Node)
  }
  const stop = new AbortController()
  const running = runScheduler({ client: new Client(api), clock: systemClock, log: silentLogger, random: () => 0 }, stop.signal)
  const read = (name: string) => api.read(pods, 'ns', name)
  return {
    api,
    read,
    refused: (name: string) =>
      until(() => read(name)?.status?.conditions?.some(({ type }) => type === 'PodScheduled') === true, `${name} fits nowhere`),
    bound: (name: string, node: string) => until(() => read(name)?.spec.nodeName === node, `${name} is bound`),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

test('runScheduler() retries a pod when a node disappears that it had to be spread over', async () => {
  const labelSelector = { matchLabels: { app: 'a' } }
  const constraint = { maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector }
  await using scheduler = start(
    nodeOf('n1', '4', { [zone]: 'a' }),
    nodeOf('full', '0', { [zone]: 'b' }),
    podOf('first', '1', { spec: { nodeName: 'n1' } }),
    podOf('p', '1', { spec: { topologySpreadConstraints: [constraint] } }),
  )
  await scheduler.refused('p')
  scheduler.api.remove(nodes, '', 'full')
  await scheduler.bound('p', 'n1')
})

test('runScheduler() retries a pod when another is resized to less', async () => {
  await using scheduler = start(nodeOf('n1', '2'), podOf('large', '2', { spec: { nodeName: 'n1' } }), podOf('p', '1'))
  await scheduler.refused('p')
  scheduler.api.change(pods, 'ns', 'large', ({ spec }) => {
    spec.containers = [{ name: 'c', resources: { requests: { cpu: '1' } } }]
  })
  await scheduler.bound('p', 'n1')
})

test('runScheduler() counts the current resources of a pod that is being resized', async () => {
  const containerStatuses = [{ name: 'c', image: 'i', imageID: 'i', ready: true, restartCount: 0, resources: { requests: { cpu: '2' } } }]
  await using scheduler = start(
    nodeOf('n1', '2'),
    podOf('large', '1', { spec: { nodeName: 'n1' }, status: { containerStatuses } }),
    podOf('p', '1'),
  )
  await scheduler.refused('p')
  scheduler.api.change(pods, 'ns', 'large', object => {
    object.status = {}
  })
  await scheduler.bound('p', 'n1')
})

test('runScheduler() retries a pod when the pod disappears for which the node was reserved', async () => {
  const promised = podOf('promised', '2', { spec: { priority: 5, preemptionPolicy: 'Never' }, status: { nominatedNodeName: 'n1' } })
  await using scheduler = start(
    nodeOf('n1', '2'),
    podOf('ending', '1', { spec: { nodeName: 'n1', priority: 9 } }),
    promised,
    podOf('p', '1'),
  )
  await scheduler.refused('promised')
  await scheduler.refused('p')
  scheduler.api.remove(pods, 'ns', 'promised')
  await scheduler.bound('p', 'n1')
})

test('runScheduler() removes a nomination that does not help, so that others get the node', async () => {
  const promised = podOf('promised', '2', { spec: { priority: 5 }, status: { nominatedNodeName: 'n1' } })
  await using scheduler = start(
    nodeOf('n1', '2'),
    podOf('important', '1', { spec: { nodeName: 'n1', priority: 9 } }),
    promised,
    podOf('p', '1'),
  )
  await scheduler.refused('promised')
  await scheduler.bound('p', 'n1')
  await until(() => (scheduler.read('promised')?.status?.nominatedNodeName ?? '') === '', 'nobody waits for the node')
})

test('runScheduler() reports a refused binding in upstream’s words, and releases its resources', async () => {
  await using scheduler = start(nodeOf('n1', '1'))
  const { api } = scheduler
  api.refuse = ({ path }) => {
    if (path.endsWith('/refused/binding')) throw conflict({ group: '', plural: 'pods' }, 'refused', 'busy')
  }
  api.seed(pods, podOf('refused', '1', { spec: { priority: 1 } }))
  api.seed(pods, podOf('p', '1'))
  await scheduler.bound('p', 'n1')
  const reported = () => scheduler.read('refused')?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  await until(() => reported()?.reason === 'SchedulerError', 'the failure is reported')
  assert.match(reported()?.message ?? '', /^running Bind plugin "DefaultBinder": Operation cannot be fulfilled on pods "refused": busy/)
})
