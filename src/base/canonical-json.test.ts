import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson } from './canonical-json.ts'

test('canonicalJson() orders fields and sets at every depth, and keeps the order of lists', () => {
  assert.equal(canonicalJson({ b: [2, 1], a: { d: null, c: new Set(['y', 'x']) } }), '{"a":{"c":["x","y"],"d":null},"b":[2,1]}')
  assert.equal(
    canonicalJson(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    ),
    '{"a":2,"b":1}',
  )
})
