import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../base/log.ts'
import { retainedBytes } from '../base/testing/retained-bytes.testing.ts'
import { Client } from './client.ts'
import { EventCorrelation } from './event-correlation.ts'
import { EventRecorder } from './event-recorder.ts'
import { events } from './resources.ts'
import { FakeApi } from './testing/fake-api.ts'
import { FakeClock } from './testing/fake-clock.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'web', uid: '1' }

test('EventRecorder writes one event and counts its repetitions', async () => {
  const api = new FakeApi()
  const clock = new FakeClock()
  await using recorder = new EventRecorder({ client: new Client(api), component: 'test', clock, log: silentLogger, random: () => 0.5 })
  for (let i = 0; i < 3; i++) recorder.record(pod, 'Warning', 'Failed', 'it failed')
  recorder.record(pod, 'Normal', 'Started', 'it started')
  await recorder.flushed()
  const written = api
    .all(events)
    .map(({ reason, count, type, metadata, source }) => [reason, count, type, metadata.namespace, source?.component])
  assert.deepEqual(written, [
    ['Failed', 3, 'Warning', 'ns', 'test'],
    ['Started', 1, 'Normal', 'ns', 'test'],
  ])
})

test('EventRecorder writes events that are recorded at any moment while a round ends', async () => {
  const api = new FakeApi()
  const clock = new FakeClock()
  await using recorder = new EventRecorder({ client: new Client(api), component: 'test', clock, log: silentLogger, random: () => 0.5 })
  // One later in each row by a step of the promise queue: one of them falls between the last look for events and the end of the round.
  const rows = 60
  for (let steps = 0; steps < rows; steps++) {
    recorder.record({ ...pod, name: `first${steps}`, uid: `first${steps}` }, 'Normal', 'Started', 'it started')
    for (let step = 0; step < steps; step++) await Promise.resolve()
    recorder.record({ ...pod, name: `second${steps}`, uid: `second${steps}` }, 'Normal', 'Started', 'it started')
    await new Promise(setImmediate)
    assert.equal(api.all(events).length, 2 * (steps + 1), `recorded ${steps} steps later`)
  }
})

test('EventCorrelation combines ten similar messages and drops a flood', () => {
  const correlation = new EventCorrelation()
  const written: string[] = []
  for (let i = 0; i < 30; i++) {
    const decision = correlation.decide({ object: pod, type: 'Warning', reason: 'Failed', message: `try ${i}` }, 1_000_000)
    if (decision.write === 'drop') continue
    written.push(`${decision.write} ${decision.message}`)
    correlation.written(decision.key, decision.key, decision.write === 'count' ? decision.count : 1)
  }
  assert.equal(written.length, 25)
  assert.deepEqual(
    [written[8], written[9], written[10]],
    ['create try 8', 'create (combined from similar events): try 9', 'count (combined from similar events): try 10'],
  )
})

test('EventRecorder drops events while a thousand wait', async () => {
  const api = new FakeApi()
  const clock = new FakeClock()
  await using recorder = new EventRecorder({ client: new Client(api), component: 'test', clock, log: silentLogger, random: () => 0.5 })
  for (let i = 0; i < 1200; i++) recorder.record({ ...pod, name: `p${i}`, uid: String(i) }, 'Normal', 'Started', 'it started')
  await recorder.flushed()
  const written = api.all(events).length
  // The first event may have left the queue before the others came.
  assert.ok(written >= 1000 && written <= 1001, `${written} events were written`)
})

test('EventRecorder writes events about ten objects at once, and events of one object in order', async () => {
  const api = new FakeApi()
  const clock = new FakeClock()
  let open = 0
  let most = 0
  const gates: (() => void)[] = []
  const client = new Client({
    request: async (request, signal) => {
      most = Math.max(most, ++open)
      await new Promise<void>(resolve => gates.push(resolve))
      open--
      return await api.request(request, signal)
    },
    [Symbol.asyncDispose]: async () => undefined,
  })
  await using recorder = new EventRecorder({ client, component: 'test', clock, log: silentLogger, random: () => 0.5 })
  for (let i = 0; i < 12; i++) recorder.record({ ...pod, name: `p${i}`, uid: String(i) }, 'Normal', 'Started', 'it started')
  recorder.record({ ...pod, name: 'p11', uid: '11' }, 'Normal', 'Started', 'it started')
  let done = false
  const flushed = recorder.flushed().then(() => {
    done = true
  })
  while (!done) {
    await new Promise<void>(resolve => setImmediate(resolve))
    for (const release of gates.splice(0)) release()
  }
  await flushed
  assert.equal(most, 10)
  assert.equal(api.all(events).length, 12)
  assert.equal(api.all(events).find(({ involvedObject }) => involvedObject?.name === 'p11')?.count, 2)
})

test('EventRecorder keeps 1024 characters of a message', async () => {
  const api = new FakeApi()
  const clock = new FakeClock()
  await using recorder = new EventRecorder({ client: new Client(api), component: 'test', clock, log: silentLogger, random: () => 0.5 })
  const kept = retainedBytes(() => {
    for (let i = 0; i < 50; i++) recorder.record({ ...pod, name: `p${i}` }, 'Warning', 'Failed', JSON.stringify(['m'.repeat(200_000), i]))
  })
  assert.ok(kept < 1_000_000, `${kept} bytes`)
  await recorder.flushed()
  // Messages that differ only after that are equal.
  recorder.record({ ...pod, name: 'p0' }, 'Warning', 'Failed', JSON.stringify(['m'.repeat(200_000), 'again']))
  await recorder.flushed()
  const [first] = api.all(events)
  assert.deepEqual([first?.count, first?.message?.length], [2, 1024])
})
