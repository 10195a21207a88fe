import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectStart, processMemory } from './collect-start.ts'

const mebibyte = 1 << 20

/** Checks a process with these busy shares; `collected` counts the collections. */
async function looked(shares: readonly number[], heap = 20 * mebibyte, signal = new AbortController().signal) {
  let collected = 0
  let looks = -1
  let slept = 0
  await collectStart({
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => void slept++ },
    signal,
    collect: () => void collected++,
    utilization: () => shares[looks++] ?? 1,
    heapUsed: () => heap,
  })
  return { collected, slept }
}

test('collectStart() collects once, in the first quiet moment', async () => {
  assert.deepEqual(await looked([0.01, 0.01]), { collected: 1, slept: 1 })
  assert.deepEqual(await looked([0.9, 0.5, 0.05]), { collected: 1, slept: 3 })
})

test('collectStart() prepares in the quiet moment, before it collects', async () => {
  const steps: string[] = []
  await collectStart({
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => void steps.push('slept') },
    signal: new AbortController().signal,
    prepare: async () => void steps.push('prepared'),
    collect: () => void steps.push('collected'),
    utilization: () => 0,
    heapUsed: () => 20 * mebibyte,
  })
  assert.deepEqual(steps, ['slept', 'prepared', 'collected'])
})

test('collectStart() does not collect in a busy process or a large heap', async () => {
  assert.deepEqual(await looked([]), { collected: 0, slept: 40 })
  assert.deepEqual(await looked([0.01], 49 * mebibyte), { collected: 0, slept: 1 })
})

test('collectStart() ends with its signal', async () => {
  const stop = new AbortController()
  const waiting = collectStart({
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: (_, signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    },
    signal: stop.signal,
    ...processMemory(),
    collect: () => assert.fail('collected after the end'),
  })
  stop.abort('stop')
  await waiting
})

test('processMemory() collects garbage and leaves no function for it', async () => {
  const memory = processMemory()
  const garbage = new WeakRef({ text: 'nobody holds it' })
  // Objects of this turn are kept until its end.
  await new Promise(resolve => setImmediate(resolve))
  memory.collect()
  assert.equal(garbage.deref(), undefined)
  assert.equal(globalThis.gc, undefined)
  assert.ok(memory.heapUsed() > 0)
  assert.ok(memory.utilization() <= 1)
})
