import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hook } from './hook.ts'
import { type HookFailure, HookHealth } from './hook-health.ts'

const hook = { id: 'a' } as Hook

test('HookHealth counts a webhook as dead after two failures in a row, and has it tried again', () => {
  const health = new HookHealth(() => undefined)
  health.failed(hook, 'x', 1000)
  assert.equal(health.isDead(hook, 1000), false)
  health.failed(hook, 'x', 2000)
  assert.equal(health.isDead(hook, 2000), true)
  assert.equal(health.isDead(hook, 2000 + 15_000), false)
  health.failed(hook, 'x', 20_000)
  assert.equal(health.isDead(hook, 20_000), true)
  health.answered(hook)
  assert.equal(health.isDead(hook, 20_000), false)
})

test('HookHealth reports the first failure, and then now and then', () => {
  const reported: HookFailure[] = []
  const health = new HookHealth(failure => reported.push(failure))
  for (let now = 0; now < 61_000; now += 1000) health.failed(hook, 'x', now)
  assert.deepEqual(
    reported.map(({ since, count }) => [since, count]),
    [
      [0, 1],
      [0, 31],
      [0, 61],
    ],
  )
})

test('HookHealth remembers a bounded number of webhooks', () => {
  const health = new HookHealth(() => undefined)
  const of = (id: string) => ({ id }) as Hook
  for (const _ of [1, 2]) health.failed(of('first'), 'x', 0)
  assert.equal(health.isDead(of('first'), 0), true)
  for (let i = 0; i < 1000; i++) health.failed(of(`${i}`), 'x', 0)
  assert.equal(health.isDead(of('first'), 0), false)
})
