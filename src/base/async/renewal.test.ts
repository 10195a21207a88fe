import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { createLogger } from '../log.ts'
import { keepRenewed, renewalTime, type Validity } from './renewal.ts'

const hour = 3_600_000

for (const [random, share] of [
  [0, 0.7],
  [0.5, 0.8],
  [0.999999, 0.9],
] as const) {
  test(`renewalTime() is at ${share} of the lifetime for ${random}`, () => {
    assert.equal(Math.round(renewalTime({ from: 1_000_000, to: 2_000_000 }, random)), 1_000_000 + share * 1_000_000)
  })
}

/** Fails `fails` times; each success then gives a certificate of this lifetime. */
function renewed({ life, fails = 0 }: { life: number; fails?: number }) {
  const clock = new FakeClock()
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'debug', destination: { write: line => void lines.push(JSON.parse(line)) } })
  const stop = new AbortController()
  const start = clock.now()
  let validity: Validity = { from: start, to: start + life }
  const tried: number[] = []
  const running = keepRenewed(
    {
      ...{ name: 'n', clock, log, random: () => 0.5 },
      validity: () => validity,
      renew: async () => {
        tried.push(clock.now() - start)
        if (tried.length <= fails) throw new Error('no signer')
        validity = { from: clock.now(), to: clock.now() + life }
      },
    },
    stop.signal,
  )
  return { clock, tried, lines, stop, running }
}

test('keepRenewed() renews on time, repeatedly', async () => {
  const { clock, tried, stop, running } = renewed({ life: 10 * hour })
  await clock.advance(7.99 * hour)
  assert.deepEqual(tried, [])
  await clock.advance(8.02 * hour)
  assert.deepEqual(tried, [8 * hour, 16 * hour])
  stop.abort()
  await running
})

test('keepRenewed() retries a failed renewal at growing intervals and logs it', async () => {
  const { clock, tried, lines, stop, running } = renewed({ life: 10 * 60_000, fails: 11 })
  await clock.advance(40 * 60_000)
  const gaps = tried.slice(1, 12).map((at, i) => (at - (tried[i] ?? 0)) / 1000)
  assert.deepEqual(gaps, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
  const errors = lines.filter(({ msg }) => msg === 'certificate not renewed, trying again')
  assert.equal(errors.length, 11)
  assert.deepEqual([errors[0]?.['retryAfterMs'], errors[0]?.['expired'], errors[10]?.['expired']], [2000, false, true])
  assert.ok(lines.some(({ msg }) => msg === 'certificate renewed'))
  stop.abort()
  await running
})

test('keepRenewed() renews an expired or not yet valid certificate within a minute after the clock was set', async () => {
  const { clock, tried, stop, running } = renewed({ life: 1000 * hour })
  await clock.advance(hour)
  clock.set(10_000 * hour)
  await clock.advance(60_000)
  assert.equal(tried.length, 1)
  clock.set(-20_000 * hour)
  await clock.advance(60_000)
  assert.equal(tried.length, 2)
  await clock.advance(hour)
  assert.equal(tried.length, 2)
  stop.abort()
  await running
})

test('keepRenewed() retries a failed renewal on time although the clock is set back', async () => {
  const { clock, tried, stop, running } = renewed({ life: hour, fails: 1 })
  await clock.advance(48 * 60_000)
  assert.equal(tried.length, 1)
  clock.set(-1_000 * hour)
  await clock.advance(2_000)
  assert.equal(tried.length, 2)
  stop.abort()
  await running
})

test('keepRenewed() does not spin if the new certificate has already expired', async () => {
  const { clock, tried, stop, running } = renewed({ life: 0 })
  await new Promise(resolve => setImmediate(resolve))
  await clock.advance(60_000)
  assert.equal(tried.length, 31)
  stop.abort()
  await running
})
