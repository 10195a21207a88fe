import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { SteppedClock } from '../../cluster/tests/secured-api.testing.ts'
import { intervalOf, repeat } from './schedule.ts'

const hour = 3600_000

test('repeat() runs at once and after each interval, also if a run fails, until it is stopped', async () => {
  const clock = new SteppedClock(Date.UTC(2026, 0, 1))
  const stop = new AbortController()
  const lines: string[] = []
  let runs = 0
  const run = async () => {
    runs++
    if (runs === 1) throw new Error('no answer')
  }
  const repeating = repeat({ intervalMs: hour, clock, random: () => 0.5, print: line => lines.push(line), run }, stop.signal)
  await until(() => clock.soonest === hour, 'it waits for an hour')
  clock.advance(hour - 1)
  assert.equal(runs, 1)
  clock.advance(1)
  await until(() => runs === 2 && clock.soonest === hour, 'it waits again')
  stop.abort('stop')
  await repeating
  assert.deepEqual(lines, [
    'The proofs did not run: no answer',
    'Next run at 2026-01-01T01:00:00.000Z',
    'Next run at 2026-01-01T02:00:00.000Z',
  ])
})

test('repeat() waits between 90 % and 110 % of the interval', async () => {
  for (const [random, wait] of [
    [0, 0.9 * hour],
    [0.999999, 1.1 * hour],
  ] as const) {
    const clock = new SteppedClock()
    const stop = new AbortController()
    const repeating = repeat(
      { intervalMs: hour, clock, random: () => random, print: () => undefined, run: async () => undefined },
      stop.signal,
    )
    await until(() => clock.soonest < Number.POSITIVE_INFINITY, 'it waits')
    assert.ok(Math.abs(clock.soonest - wait) < 10)
    stop.abort('stop')
    await repeating
  }
})

test('intervalOf() takes durations from a minute to a week', () => {
  assert.deepEqual([intervalOf('1m'), intervalOf('6h'), intervalOf('168h')], [60_000, 6 * hour, 168 * hour])
  for (const text of ['', '59s', '169h', '6', 'daily', '-1h'])
    assert.throws(() => intervalOf(text), {
      name: 'UserError',
      message: `--schedule must be a duration of 1m to 168h, such as 6h, got "${text}"`,
    })
})
