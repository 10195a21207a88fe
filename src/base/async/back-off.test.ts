import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BackOff, durationText } from './back-off.ts'

test('BackOff doubles from 10 s to 5 min and resets after 10 quiet minutes', () => {
  const backOff = new BackOff()
  let now = 0
  assert.equal(backOff.remaining('k', now, now), 0)
  const seen: number[] = []
  for (let i = 0; i < 7; i++) {
    backOff.next('k', now, now)
    seen.push(backOff.get('k') / 1000)
    assert.equal(backOff.remaining('k', now, now), backOff.get('k'))
    now += backOff.get('k')
    assert.equal(backOff.remaining('k', now - backOff.get('k'), now), 0)
  }
  assert.deepEqual(seen, [10, 20, 40, 80, 160, 300, 300])
  now += 601_000
  assert.equal(backOff.remaining('k', now, now), 0)
  backOff.next('k', now, now)
  assert.equal(backOff.get('k'), 10_000)
})

test('BackOff.forget() drops the keys of one pod', () => {
  const backOff = new BackOff()
  backOff.next('u1_c', 0, 0)
  backOff.next('u2_c', 0, 0)
  backOff.forget('u1_')
  assert.equal(backOff.get('u1_c'), 0)
  assert.equal(backOff.get('u2_c'), 10_000)
})

test('durationText() formats as Go does', () => {
  assert.deepEqual([10_000, 80_000, 300_000].map(durationText), ['10s', '1m20s', '5m0s'])
})
