import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forbidden } from '../../api/status.ts'
import { formatTime } from '../../base/clock.ts'
import { silentLogger as log } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { nodeStatus, type ServiceHealth, serviceRulesCondition } from './node-object.ts'
import { NodeRegistrar } from './node-registrar.ts'

const facts = {
  ...{ hostname: 'n1', addresses: ['192.0.2.1'], architecture: 'amd64', cpus: 4, memoryBytes: 2 ** 34, diskBytes: 2 ** 36 },
  ...{ kernelVersion: 'k', osImage: 'o', machineId: 'm', systemUuid: 's', bootId: 'b', seLinux: false },
}
const support = { supplementalGroupsPolicy: false, appArmor: false, seLinux: false }
const healthy = {
  pressure: { memory: false, disk: false, pids: false },
  problems: [],
  images: [],
  policies: { enforced: true } as const,
}

function setUp(through: (api: FakeApi) => Transport = api => api) {
  const clock = new FakeClock()
  const api = new FakeApi(() => clock.now())
  const registrar = new NodeRegistrar({
    client: new Client(through(api)),
    node: { name: 'n1', facts, runtimeVersion: 'containerd://1', simulated: false, support },
    health: async () => healthy,
    clock,
    log,
  })
  return { clock, api, registrar }
}

test('NodeRegistrar.run() makes extended resources that others set allocatable, until they are removed', async () => {
  const { clock, api, registrar } = setUp()
  const stop = new AbortController()
  await registrar.register(stop.signal)
  const running = registrar.run(stop.signal)
  const status = () => api.read(nodes, '', 'n1')?.status
  const before = status()?.allocatable
  api.change(nodes, '', 'n1', ({ status }) => {
    Object.assign(status?.capacity ?? {}, { 'example.com/dongle': '3', 'hugepages-2Mi': '4Mi', cpu: '99' })
  })
  await clock.advance(10_000)
  await until(() => status()?.allocatable?.['example.com/dongle'] === '3', 'an allocatable resource')
  assert.deepEqual(status()?.allocatable, { ...before, 'example.com/dongle': '3' })
  assert.equal(status()?.capacity?.cpu, '4')
  api.change(nodes, '', 'n1', ({ status }) => {
    delete status?.capacity?.['example.com/dongle']
  })
  await clock.advance(10_000)
  await until(() => status()?.allocatable?.['example.com/dongle'] === undefined, 'no resource that nobody advertises')
  assert.deepEqual(status()?.allocatable, before)
  await clock.advance(10_000)
  api.change(nodes, '', 'n1', ({ status }) => {
    Object.assign(status?.allocatable ?? {}, { 'example.com/ghost': '1' })
  })
  await clock.advance(10_000)
  await until(() => status()?.allocatable?.['example.com/ghost'] === undefined, 'no resource that is only said to be allocatable')
  stop.abort(new Error('stop'))
  await running
})

test('NodeRegistrar.run() corrects conditions that others set while it was silent, and writes nothing if nothing changed', async () => {
  const { clock, api, registrar } = setUp()
  const stop = new AbortController()
  await registrar.register(stop.signal)
  const running = registrar.run(stop.signal)
  const ready = () => api.read(nodes, '', 'n1')?.status?.conditions?.find(({ type }) => type === 'Ready')
  const reports = () => api.requests.filter(({ path }) => path.endsWith('/nodes/n1/status')).length
  const renewals = () => api.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/leases/n1')).length
  const began = { reports: reports(), renewals: renewals() }
  api.change(nodes, '', 'n1', ({ status }) => {
    for (const condition of status?.conditions ?? []) Object.assign(condition, { status: 'Unknown', reason: 'NodeStatusUnknown' })
  })
  await clock.advance(10_000)
  await until(() => ready()?.status === 'True', 'a ready node')
  assert.deepEqual([ready()?.reason, ready()?.lastTransitionTime], ['KubeletReady', formatTime(clock.now())])
  for (let turn = 2; turn <= 4; turn++) {
    await clock.advance(10_000)
    await until(() => renewals() === began.renewals + turn, 'a renewed lease')
  }
  assert.equal(reports(), began.reports + 1)
  stop.abort(new Error('stop'))
  await running
})

test('nodeStatus() reports whether the rules of Services are in the kernel, on a node with such rules', () => {
  const node = { name: 'n1', facts, runtimeVersion: 'containerd://1', simulated: false, support }
  const conditionOf = (services?: ServiceHealth) =>
    nodeStatus(node, { ...healthy, ...(services ? { services } : {}) }, undefined, 0).conditions?.find(
      ({ type }) => type === serviceRulesCondition,
    )
  assert.equal(conditionOf(), undefined)
  assert.equal(conditionOf({ problem: undefined })?.status, 'True')
  const { status, reason, message } = conditionOf({ problem: 'another program changed them' }) ?? {}
  assert.deepEqual([status, reason, message], ['False', 'RulesMissing', 'another program changed them'])
})

test('NodeRegistrar.podRange() waits for the range that the control plane assigns', async () => {
  const { clock, api, registrar } = setUp()
  const { signal } = new AbortController()
  await registrar.register(signal)
  let range: string | undefined
  const waiting = registrar.podRange(signal).then(given => {
    range = given
  })
  await until(() => clock.sleepers > 0, 'the wait')
  assert.equal(range, undefined)
  api.change(nodes, '', 'n1', ({ spec }) => Object.assign(spec ?? {}, { podCIDR: '10.244.3.0/24' }))
  await clock.advance(100)
  await waiting
  assert.equal(range, '10.244.3.0/24')
})

test('NodeRegistrar.register() continues if it may not change the labels of its Node', async () => {
  const { api, registrar } = setUp(api => ({
    request(request, signal) {
      if (request.method === 'PATCH' && request.path.endsWith('/nodes/n1'))
        throw forbidden({ group: '', plural: 'nodes' }, 'n1', 'not yours')
      return api.request(request, signal)
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }))
  api.seed(nodes, { metadata: { name: 'n1', labels: { 'kubernetes.io/arch': 'arm64' } }, spec: {} })
  const { signal } = new AbortController()
  assert.equal((await registrar.register(signal)).metadata.labels?.['kubernetes.io/arch'], 'arm64')
})
