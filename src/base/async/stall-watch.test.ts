import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../log.ts'
import { StallWatch } from './stall-watch.ts'

/** A clock that the test advances, and the sleeps that wait for it. */
function newWatch() {
  const sleeps: { readonly until: number; wake(): void }[] = []
  const lines: string[] = []
  const log = { ...silentLogger, error: (text: string) => lines.push(text), info: (text: string) => lines.push(text) }
  const clock = {
    time: 0,
    now: () => clock.time,
    monotonic: () => clock.time,
    sleep: (ms: number) => new Promise<void>(resolve => sleeps.push({ until: clock.time + ms, wake: resolve })),
  }
  const goTo = async (time: number) => {
    clock.time = time
    for (const due of sleeps.filter(({ until }) => until <= time)) {
      sleeps.splice(sleeps.indexOf(due), 1)
      due.wake()
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  return { watch: new StallWatch({ clock, log, subject: 'store', limitMs: 5000 }), sleeps, lines, goTo }
}

test('StallWatch reports an operation that exceeds the limit, and its end', async () => {
  const { watch, lines, goTo } = newWatch()
  watch.begin()
  assert.equal(watch.stalled, false)
  await goTo(5000)
  assert.equal(watch.stalled, true)
  assert.deepEqual(lines, ['disk does not answer'])
  watch.end()
  assert.equal(watch.stalled, false)
  assert.deepEqual(lines, ['disk does not answer', 'disk responds again'])
  watch.begin()
  await goTo(10_000)
  assert.equal(watch.stalled, true)
})

test('StallWatch measures each operation from its own start, with one sleep for many', async () => {
  const { watch, sleeps, lines, goTo } = newWatch()
  for (let i = 0; i < 100; i++) {
    watch.begin()
    watch.end()
  }
  assert.equal(sleeps.length, 1)
  await goTo(4000)
  watch.begin()
  await goTo(5000)
  assert.equal(watch.stalled, false)
  await goTo(8999)
  assert.deepEqual([watch.stalled, sleeps.length], [false, 1])
  await goTo(9000)
  assert.deepEqual([watch.stalled, sleeps.length, lines], [true, 0, ['disk does not answer']])
})

test('StallWatch does not sleep while nothing runs', async () => {
  const { watch, sleeps, goTo } = newWatch()
  watch.begin()
  watch.end()
  await goTo(5000)
  assert.equal(sleeps.length, 0)
})
