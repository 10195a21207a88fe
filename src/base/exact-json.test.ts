import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from './canonical-json.ts'
import { holdsInfinity, parseExactJson } from './exact-json.ts'
import { writeJson } from './write-json.ts'

const most = 2n ** 63n - 1n

test('parseExactJson() and writeJson() keep every integer within 64 bits, wherever it is', () => {
  const integer = fc.bigInt({ min: -most - 1n, max: most })
  const padding = fc.string({ maxLength: 40 })
  fc.assert(
    fc.property(integer, integer, padding, (a, b, text) => {
      const json = `{"${'x'.repeat(text.length)}":${a},"list":[${b},{"__proto__":${a}}],"text":${JSON.stringify(text)}}`
      assert.equal(writeJson(parseExactJson(json)), json)
    }),
  )
})

const cases: readonly [name: string, json: string, value: unknown][] = [
  ['the largest exact number', '9007199254740991', 9007199254740991],
  ['the first one beyond', '9007199254740993', 9007199254740993n],
  ['the smallest of 64 bits', '-9223372036854775808', -9223372036854775808n],
  ['one beyond 64 bits', '9223372036854775808', 2 ** 63],
  ['an exponent', '1e18', 1e18],
  ['a fraction with many digits', '0.1234567890123456', 0.1234567890123456],
  ['digits in a text', '["1234567890123456789"]', ['1234567890123456789']],
  ['digits in a name', '{"1234567890123456789":1}', { '1234567890123456789': 1 }],
  ['an escaped name', '{"\\u0061\\u0062":9007199254740993}', { ab: 9007199254740993n }],
]
for (const [name, json, value] of cases) test(`parseExactJson() reads ${name}`, () => assert.deepEqual(parseExactJson(json), value))

test('canonicalJson() writes a long integer as such', () => {
  assert.equal(canonicalJson({ b: 9007199254740993n, a: 1 }), '{"a":1,"b":9007199254740993}')
})

test('holdsInfinity() finds a number that no 64-bit float holds', () => {
  for (const [json, holds] of [
    ['{"a":[1.5,1e308],"b":"1e999"}', false],
    ['{"a":{"b":[0,-1e999]},"c":2}', true],
    [`[${'1'.repeat(400)}]`, true],
  ] as const)
    assert.equal(holdsInfinity(parseExactJson(json)), holds)
})
