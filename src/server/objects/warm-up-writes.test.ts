import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warmUpWrites } from './warm-up-writes.ts'

const now = Date.UTC(2026, 10, 29)

test('warmUpWrites() creates objects that pass validation, and yields to other requests', async () => {
  let turns = 0
  let others = setImmediate(function again() {
    turns++
    others = setImmediate(again)
  })
  assert.equal(await warmUpWrites(now, new AbortController().signal), 256)
  clearImmediate(others)
  assert.ok(turns >= 15, `${turns} turns`)
})

test('warmUpWrites() ends with its signal, between two objects', async () => {
  const stop = new AbortController()
  const made = warmUpWrites(now, stop.signal)
  setImmediate(() => stop.abort('stop'))
  assert.equal(await made, 16)
})
