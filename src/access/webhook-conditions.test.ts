import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileMatches } from './webhook/webhook-conditions.ts'

/** The costly condition takes more than half of one decision's budget. */
const groups = Array.from({ length: 300 }, (_, index) => `g${index}`)
const costly = 'request.groups.all(g, request.groups.all(h, g == h || g != h))'
const spec = { user: 'ann', groups }

test('compileMatches() evaluates all conditions within the budget of one decision', () => {
  const once = compileMatches([costly])
  assert.deepEqual(once(spec, {}), { met: true })
  const question = {}
  assert.deepEqual(once(spec, question), { met: true })
  const { met, error } = once(spec, question)
  assert.equal(met, false)
  assert.match(error ?? '', /operation cancelled: actual cost limit exceeded/)
  assert.match(once(spec, question).error ?? '', /the match conditions of this request cost too much/)
})

test('compileMatches() counts all conditions of a webhook together, and a question anew', () => {
  const many = compileMatches(Array.from({ length: 50 }, () => costly))
  const { met, error } = many(spec, {})
  assert.equal(met, false)
  assert.match(error ?? '', /cost too much/)
  assert.deepEqual(compileMatches([costly])(spec, {}), { met: true })
})
