import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goJson, goMapJson, goNumber } from './go-json.ts'

test('goJson() keeps the order of members and escapes HTML characters', () => {
  assert.equal(goJson({ b: '<&>', a: '\u2028' }), String.raw`{"b":"\u003c\u0026\u003e","a":"\u2028"}`)
})

test('goMapJson() sorts members at every depth', () => {
  assert.equal(goMapJson({ b: [{ d: 1, c: null }], a: '<', 9: 1, 10: 2 }), String.raw`{"10":2,"9":1,"a":"\u003c","b":[{"c":null,"d":1}]}`)
})

for (const [value, text] of [
  [0, '0'],
  [42, '42'],
  [1.5, '1.5'],
  [0.0001, '0.0001'],
  [0.00002, '2e-05'],
  [-1.5e-7, '-1.5e-07'],
  [-0, '0'],
  [2 ** 60, '1152921504606846976'],
  [100000.5, '100000.5'],
  [1234567.5, '1.2345675e+06'],
  [1e20, '1e+20'],
  [1e21, '1e+21'],
] as const) {
  test(`goNumber() of ${Object.is(value, -0) ? 'minus zero' : text}`, () => assert.equal(goNumber(value), text))
}
