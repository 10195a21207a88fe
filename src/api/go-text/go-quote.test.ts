import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goQuote } from './go-quote.ts'

const rows: readonly (readonly [text: string, quoted: string])[] = [
  ['', '""'],
  ['a b', '"a b"'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['\u0000\u001f\u007f', '"\\x00\\x1f\\x7f"'],
  ['\u0007\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
  ['\u00a0\u2028\ufeff', '"\\u00a0\\u2028\\ufeff"'],
  ['ü日€😀', '"ü日€😀"'],
  ['\u{e0001}', '"\\U000e0001"'],
]
for (const [text, quoted] of rows) test(`goQuote() shows ${JSON.stringify(text)}`, () => assert.equal(goQuote(text), quoted))
