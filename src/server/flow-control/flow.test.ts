import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flows } from './flow.ts'

test('Flows forgets idle flows if there are many, or if their names are long', () => {
  for (const [count, length] of [
    [10_000, 10],
    [300, 4000],
  ] as const) {
    const flows = new Flows(8, 2)
    const [idle, busy] = [flows.of('schema', 'idle'), flows.of('schema', 'busy')]
    busy.held = 1
    for (let at = 0; at < count; at++) flows.of('schema', `${at}`.padStart(length, 'u'))
    assert.notEqual(flows.of('schema', 'idle'), idle)
    assert.equal(flows.of('schema', 'busy'), busy)
  }
})
