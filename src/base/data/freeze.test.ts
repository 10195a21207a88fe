import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deepFreeze } from './freeze.ts'

test('deepFreeze() returns its argument, frozen at every depth', () => {
  const value = { a: [{ b: 1 }], c: { d: null } }
  assert.equal(deepFreeze(value), value)
  for (const part of [value, value.a, value.a[0], value.c]) assert.ok(Object.isFrozen(part))
  assert.equal(deepFreeze('text'), 'text')
})

test('deepFreeze() stops at frozen values', () => {
  const inner = { changes: 1 }
  deepFreeze({ outer: Object.freeze({ inner }) })
  inner.changes = 2
  assert.equal(inner.changes, 2)
})
