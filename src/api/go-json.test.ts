import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goJson, goMapJson, goNumber } from './go-json.ts'

test('goJson() keeps the order of members and escapes what HTML reads', () => {
  assert.equal(goJson({ b: '<&>', a: '\u2028' }), String.raw`{"b":"\u003c\u0026\u003e","a":"\u2028"}`)
})

test('goMapJson() sorts members at every depth', () => {
  assert.equal(goMapJson({ b: [{ d: 1, c: null }], a: '<' }), String.raw`{"a":"\u003c","b":[{"c":null,"d":1}]}`)
})

for (const [value, text] of [
  [0, '0'],
  [42, '42'],
  [1.5, '1.5'],
  [0.0001, '0.0001'],
  [0.00002, '2e-05'],
  [-1.5e-7, '-1.5e-07'],
  [1e21, '1e+21'],
] as const) {
  test(`goNumber() of ${text}`, () => assert.equal(goNumber(value), text))
}
