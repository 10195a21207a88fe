import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { Heartbeat, heartbeatMs } from './heartbeat.ts'

async function beating(isReady: () => boolean, answers: (asked: number) => boolean, limit: number) {
  const clock = new FakeClock()
  const stop = new AbortController()
  let asked = 0
  let late: number | undefined
  const heartbeat = new Heartbeat({
    clock,
    isReady,
    ask: () => {
      if (answers(++asked)) heartbeat.answered()
    },
  })
  const running = heartbeat.run(stop.signal).then(found => {
    late = found
  })
  while (late === undefined && asked < limit) await clock.advance(heartbeatMs)
  const found = late
  stop.abort('stop')
  await running
  return { asked, late: found }
}

test('Heartbeat reports a part after six unanswered pings, or 24 while it starts', async () => {
  const never = () => false
  assert.deepEqual(await beating(() => true, never, 100), { asked: 6, late: 30_000 })
  assert.deepEqual(await beating(() => false, never, 100), { asked: 24, late: 120_000 })
})

test('Heartbeat accepts a part that answers, even rarely', async () => {
  assert.deepEqual(
    await beating(
      () => true,
      asked => asked % 6 === 0,
      100,
    ),
    { asked: 100, late: undefined },
  )
})
