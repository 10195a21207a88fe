import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import type { ContainerStats } from '../cri/messages.ts'
import { podLabels } from '../pod/pod-state.ts'
import { parseTotals, type Sample, sampleMs, UsageSampler, usageBetween } from './usage-sampler.ts'

const stats = (id: string, cpuNanoseconds: number, memoryWorkingSetBytes = 4096): ContainerStats => ({
  ...{ id, cpuNanoseconds, memoryWorkingSetBytes },
  labels: { [podLabels.uid]: 'uid', [podLabels.name]: 'web', [podLabels.namespace]: 'shop', [podLabels.container]: 'app' },
})
const sampleAt = (at: number, cpu: number, containers: Record<string, number>): Sample => ({
  at,
  machine: { cpuNanoseconds: cpu, memoryBytes: 1 },
  containers: new Map(
    Object.entries(containers).map(([id, cpuNanoseconds]) => [
      id,
      { podUid: 'uid', pod: 'p', namespace: 'ns', name: id, cpuNanoseconds, memoryBytes: 2 },
    ]),
  ),
})

test('usageBetween() is the mean over the window, in billionths of a core', () => {
  const found = usageBetween(sampleAt(1000, 0, { a: 0, gone: 0 }), sampleAt(11_000, 5_000_000_000, { a: 1_000_000_000, fresh: 9 }))
  const usage = { at: 11_000, windowMs: 10_000 }
  assert.deepEqual(found.node, { ...usage, cpuNanocores: 500_000_000, memoryBytes: 1 })
  assert.deepEqual(found.containers, [{ podUid: 'uid', name: 'a', ...usage, cpuNanocores: 100_000_000, memoryBytes: 2 }])
})

test('usageBetween() returns nothing for a counter that decreased, or for no time', () => {
  assert.deepEqual(usageBetween(sampleAt(0, 5, { a: 5 }), sampleAt(10, 4, { a: 4 })), { containers: [] })
  assert.deepEqual(usageBetween(sampleAt(10, 0, { a: 0 }), sampleAt(10, 1, { a: 1 })), { containers: [] })
})

test('parseTotals() counts busy time, and guests once', () => {
  const stat = 'cpu  100 20 30 9999 888 4 5 6 70 80\ncpu0 1 1 1 1 1 1 1 1 1 1\n'
  const meminfo = 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n'
  assert.deepEqual(parseTotals(stat, meminfo), { cpuNanoseconds: 1_650_000_000, memoryBytes: 409_600 })
  assert.throws(() => parseTotals('cpu', meminfo), /as expected/)
})

test('UsageSampler measures between two samples, drops unreadable ones, and omits containers that do not run', async () => {
  let now = 0
  let cpu: number | undefined = 0
  let wake = Promise.withResolvers<void>()
  const asleep: (() => void)[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) => {
      assert.equal(ms, sampleMs)
      for (const tell of asleep.splice(0)) tell()
      signal?.addEventListener('abort', () => wake.resolve(), { once: true })
      return wake.promise
    },
  }
  const sampler = new UsageSampler({
    runtime: {
      containerStats: async () => {
        if (cpu === undefined) throw new Error('the runtime is away')
        return [stats('c1', cpu), { id: 'c2', labels: stats('', 0).labels }, { ...stats('c3', 1), labels: {} }]
      },
    },
    machine: async () => ({ cpuNanoseconds: 7, memoryBytes: 7 }),
    clock,
    log: silentLogger,
  })
  const stop = new AbortController()
  const sampled = () => new Promise<void>(resolve => asleep.push(resolve))
  const next = async (at: number, used: number | undefined) => {
    now = at
    cpu = used
    const done = sampled()
    const before = wake
    wake = Promise.withResolvers()
    before.resolve()
    await done
    return sampler.latest()
  }
  const first = sampled()
  const running = sampler.run(stop.signal)
  await first
  assert.deepEqual(sampler.latest(), { containers: [] })
  const measured = await next(15_000, 30_000_000)
  assert.deepEqual(
    measured.containers.map(({ name, cpuNanocores, memoryBytes }) => [name, cpuNanocores, memoryBytes]),
    [['app', 2_000_000, 4096]],
  )
  assert.equal(measured.node?.cpuNanocores, 0)
  assert.deepEqual(sampler.last?.containers.get('c1'), {
    ...{ podUid: 'uid', pod: 'web', namespace: 'shop', name: 'app' },
    ...{ cpuNanoseconds: 30_000_000, memoryBytes: 4096 },
  })
  assert.deepEqual(await next(30_000, undefined), { containers: [] })
  assert.equal(sampler.last, undefined)
  assert.deepEqual(await next(45_000, 60_000_000), { containers: [] })
  assert.equal((await next(60_000, 75_000_000)).containers[0]?.cpuNanocores, 1_000_000)
  stop.abort()
  await running
})
