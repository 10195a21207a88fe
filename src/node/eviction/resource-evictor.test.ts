import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { silentLogger as log } from '../../base/log.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import type { GroupUsage } from '../machine/cgroups.ts'
import { parseMachineUse } from '../machine/machine-facts.ts'
import { nodeLimits, resourceFacts } from '../node-capacity.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import { emptyPodState } from '../pod/pod-state.ts'
import type { PodEnd } from '../pod/pod-termination.ts'
import type { EvictablePod } from './evictable-pod.ts'
import { pressureRefusal } from './pressure-admission.ts'
import { ResourceEvictor } from './resource-evictor.ts'
import { resourceOrder } from './resource-order.ts'
import { type ResourceFacts, ResourcePressure, resourcesMet } from './resource-pressure.ts'

const mebi = 1024 * 1024
const { signal } = new AbortController()
const plenty = { capacity: 4096 * mebi, available: 2048 * mebi }
const manyPids = { capacity: 32_768, available: 30_000 }
const factsOf = (over: { memory?: Partial<ResourceFacts['memory']>; pids?: Partial<ResourceFacts['pids']> }): ResourceFacts => ({
  memory: { machine: plenty, pods: plenty, ...over.memory },
  pids: { machine: manyPids, pods: manyPids, ...over.pids },
})
const left = (mebibytes: number) => ({ capacity: 4096 * mebi, available: mebibytes * mebi })

const rows: readonly (readonly [what: string, facts: ResourceFacts, met: readonly string[]])[] = [
  ['has plenty', factsOf({}), []],
  ['has just enough memory', factsOf({ memory: { machine: left(100) } }), []],
  ['is short of memory', factsOf({ memory: { machine: left(99) } }), ['memory']],
  ['has pods that are at what they may have', factsOf({ memory: { pods: left(99) } }), ['memory']],
  ['has few processes left', factsOf({ pids: { machine: { capacity: 1000, available: 49 } } }), ['pids']],
  ['has pods with all processes that they may have', factsOf({ pids: { pods: { capacity: 1000, available: 0 } } }), ['pids']],
  ['is short of both', factsOf({ memory: { pods: left(0) }, pids: { pods: { capacity: 1000, available: 0 } } }), ['memory', 'pids']],
  ['has less memory than the threshold, half of it free', factsOf({ memory: { pods: { capacity: 80 * mebi, available: 40 * mebi } } }), []],
]
for (const [what, facts, met] of rows) {
  test(`resourcesMet() of a node that ${what} is ${met.join(' and ') || 'nothing'}`, () => {
    assert.deepEqual(
      resourcesMet(facts).map(({ resource }) => resource),
      met,
    )
  })
}

const named = (
  name: string,
  memoryMebi: number,
  pids: number,
  { requests = '0', ...spec }: Partial<Pod['spec']> & { requests?: string } = {},
) => ({
  pod: podOf({ containers: [containerOf('c', { resources: { requests: { memory: requests } } })], ...spec }, { name, uid: name }),
  usage: { workingSetBytes: memoryMebi * mebi, pids },
})
const order = (resource: 'memory' | 'pids', ...candidates: ReturnType<typeof named>[]) =>
  resourceOrder(candidates, resource).map(({ pod }) => pod.metadata.name)

test('resourceOrder() takes pods above their request first, then by priority, then by usage above the request', () => {
  const within = named('within', 500, 1, { requests: '1Gi', priority: -10 })
  const small = named('small', 20, 1)
  const big = named('big', 300, 1, { requests: '100Mi' })
  const important = named('important', 900, 1, { priority: 1000 })
  assert.deepEqual(order('memory', within, important, small, big), ['big', 'small', 'important', 'within'])
})

test('resourceOrder() of processes sorts by priority, then by their number', () => {
  assert.deepEqual(order('pids', named('few', 900, 3), named('many', 1, 4000), named('important', 1, 4090, { priority: 5 })), [
    'many',
    'few',
    'important',
  ])
})

class SmallNode {
  readonly clock = new FakeClock()
  readonly ended: { name: string; end: PodEnd }[] = []
  readonly events: string[] = []
  readonly pods: EvictablePod[] = []
  readonly used = new Map<string, GroupUsage>()
  enforced: (string | undefined)[] = []
  refusal: string | undefined
  readonly pressure = new ResourcePressure({
    facts: async () => {
      const all = [...this.used.values()]
      const sum = (of: (usage: GroupUsage) => number) => all.reduce((total, usage) => total + of(usage), 0)
      const pods = { workingSetBytes: sum(usage => usage.workingSetBytes), pids: sum(usage => usage.pids) }
      const machine = { memoryBytes: 4096 * mebi, availableBytes: 4000 * mebi, processes: { most: 10_000, running: 100 } }
      return resourceFacts(machine, pods, nodeLimits(1000 * mebi, 10_000))
    },
    clock: this.clock,
    log,
  })
  readonly evictor = new ResourceEvictor({
    pressure: this.pressure,
    pods: () => this.pods,
    usage: async ({ uid }) => this.used.get(uid),
    enforce: async () => {
      this.enforced.push(this.refusal)
      if (this.refusal !== undefined) throw new Error(this.refusal)
    },
    nodeEvent: (type, reason, message) => void this.events.push(`${type} ${reason} ${message}`),
    clock: this.clock,
    log,
  })

  add(name: string, memoryMebi: number, pids: number, spec: Partial<Pod['spec']> & { requests?: string } = {}): void {
    const { pod, usage } = named(name, memoryMebi, pids, spec)
    this.used.set(name, usage)
    const end = async (why: PodEnd) => {
      this.ended.push({ name, end: why })
      pod.status = { phase: 'Failed' }
      this.used.delete(name)
    }
    this.pods.push({ uid: name, pod, state: emptyPodState, logDirectory: '', end })
  }
}

test('ResourceEvictor evicts one pod after the other while pods are at their common memory limit', async () => {
  const node = new SmallNode()
  node.add('modest', 100, 5, { requests: '200Mi' })
  node.add('system', 500, 5, { priority: 2_000_000_000 })
  node.add('greedy', 400, 5, { requests: '50Mi' })
  assert.equal(await node.evictor.look(signal), true)
  assert.deepEqual(
    node.ended.map(({ name }) => name),
    ['greedy'],
  )
  const { end } = node.ended[0] ?? assert.fail('nobody')
  assert.equal(
    end.message,
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 0. Pod was using 400Mi, request is 50Mi, has larger consumption of memory. ',
  )
  assert.deepEqual(
    [end.reason, end.annotations?.['starved_resource'], end.conditions?.[0]?.type],
    ['Evicted', 'memory', 'DisruptionTarget'],
  )
  assert.deepEqual(node.events, ['Warning EvictionThresholdMet Attempting to reclaim memory'])
  assert.equal(await node.evictor.look(signal), false)
  assert.equal(node.pressure.isUnder('memory'), true, 'for a while longer')
  await node.clock.advance(300_000)
  await node.evictor.look(signal)
  assert.equal(node.pressure.isUnder('memory'), false)
})

test('ResourceEvictor evicts the pod with the most processes if pods reach their common limit', async () => {
  const node = new SmallNode()
  node.add('quiet', 10, 50)
  for (const name of ['a', 'b', 'c']) node.add(name, 10, name === 'b' ? 4096 : 2300)
  assert.equal(await node.evictor.look(signal), true)
  assert.deepEqual(
    node.ended.map(({ name }) => name),
    ['b'],
  )
  assert.equal(node.ended[0]?.end.message, 'The node was low on resource: pids. Threshold quantity: 450, available: 254. ')
  assert.deepEqual([node.pressure.isUnder('pids'), node.pressure.isUnder('memory')], [true, false])
})

test('ResourceEvictor limits all pods together, and retries each minute if the kernel refuses', async () => {
  const node = new SmallNode()
  node.refusal = 'EBUSY: resource busy'
  const stop = new AbortController()
  const running = node.evictor.run(stop.signal)
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) await node.clock.advance(10_000)
  }
  await rounds(5)
  assert.deepEqual(node.enforced, [node.refusal])
  const failed = node.refusal
  node.refusal = undefined
  await rounds(20)
  assert.deepEqual(node.enforced, [failed, undefined])
  assert.deepEqual(node.events, [
    `Warning FailedNodeAllocatableEnforcement Failed to update Node Allocatable Limits: ${failed}`,
    'Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods',
  ])
  stop.abort()
  await running
})

const guaranteed = { resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1', memory: '1Mi' } } }
const tolerant = { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] }
const refusals: readonly (readonly [what: string, pod: Pod, short: ('memory' | 'disk' | 'pids')[], message: string | undefined])[] = [
  ['best effort, short of memory', podOf(), ['memory'], '[MemoryPressure]'],
  ['best effort that tolerates it', podOf(tolerant), ['memory'], undefined],
  ['with requests, short of memory', podOf({ containers: [containerOf('c', guaranteed)] }), ['memory'], undefined],
  [
    'with requests, short of memory and disk',
    podOf({ containers: [containerOf('c', guaranteed)] }),
    ['memory', 'disk'],
    '[MemoryPressure DiskPressure]',
  ],
  ['with requests, short of processes', podOf({ containers: [containerOf('c', guaranteed)] }), ['pids'], '[PIDPressure]'],
  ['critical', podOf({ priority: 2_000_000_000 }), ['memory', 'disk', 'pids'], undefined],
  ['where nothing is short', podOf(), [], undefined],
]
for (const [what, pod, short, message] of refusals) {
  test(`pressureRefusal() of a pod ${what}: ${message ?? 'none'}`, () => {
    const pressure = { memory: short.includes('memory'), disk: short.includes('disk'), pids: short.includes('pids') }
    const expected =
      message === undefined ? undefined : { reason: 'Evicted', message: `Pod was rejected: The node had condition: ${message}. ` }
    assert.deepEqual(pressureRefusal(pod, pressure), expected)
  })
}

test('parseMachineUse() reads memory and the process table, and rejects anything else', () => {
  const text = {
    memory: 'MemTotal:        1000 kB\nMemFree: 1 kB\nMemAvailable:     400 kB\n',
    loadavg: '0.1 0.2 0.3 2/345 6789\n',
    pidMax: '4194304\n',
    threadsMax: '1000\n',
  }
  assert.deepEqual(parseMachineUse(text), { memoryBytes: 1_024_000, availableBytes: 409_600, processes: { most: 1000, running: 345 } })
  assert.throws(() => parseMachineUse({ ...text, memory: '' }), /\/proc is not as expected/)
})
