import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prettyText } from './pretty.ts'

function nested(levels: number, leaf: unknown): unknown {
  let value = leaf
  for (let i = 0; i < levels; i++) value = { a: value }
  return value
}

test('prettyText() has line breaks, unless indentation would multiply the size of a deep value', () => {
  assert.equal(prettyText({ a: [1, {}] }), '{\n  "a": [\n    1,\n    {}\n  ]\n}')
  assert.match(prettyText(nested(63, [1])), /\n/)
  const deep = nested(490, Array(1000).fill(1))
  assert.equal(prettyText(deep), JSON.stringify(deep))
})
