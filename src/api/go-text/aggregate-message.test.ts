import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregated } from './aggregate-message.ts'

const rows: readonly [what: string, texts: readonly string[], message: string][] = [
  ['one text alone', ['a'], 'a'],
  ['several texts in brackets', ['b', 'a'], '[b, a]'],
  ['a text that comes again once', ['a', 'b', 'a'], '[a, b]'],
  ['one text that comes again alone', ['a', 'a'], 'a'],
]
for (const [what, texts, message] of rows) {
  test(`aggregated() shows ${what}`, () => assert.equal(aggregated(texts), message))
}
