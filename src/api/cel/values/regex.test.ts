import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from './failure.ts'
import { compilePattern, findAll, matches, runSteps } from './regex.ts'

const huge = '^(([a-z]?){1000})*$'

for (const [name, run] of [
  ['matches', () => matches('x'.repeat(100_000), huge)],
  ['findAll', () => findAll('x'.repeat(100_000), huge, -1)],
] as const) {
  test(`${name}() fails if the text is too long for its pattern`, () => {
    assert.throws(run, err => err instanceof Failure && /the text is too long for a pattern of \d{4} instructions/.test(err.message))
  })
}

test('runSteps() counts one step for four characters of a short pattern, and the instructions of a long one', () => {
  const text = 'x'.repeat(1600)
  assert.equal(runSteps(text, compilePattern('x')), 400)
  const long = compilePattern('x{100}')
  assert.equal(runSteps(text, long), 100 * long.programSize())
})

test('compilePattern() creates patterns with small state caches', () => {
  const pattern = compilePattern('^(a|b)*a(a|b){100}$')
  let seed = 1
  const letter = (): string => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed & 65536) === 0 ? 'a' : 'b'
  }
  assert.equal(pattern.test(`${Array.from({ length: 3000 }, letter).join('')}c`), false)
  const { stateCount, memBudget } = pattern.re2Input.dfa
  assert.ok(stateCount > 0 && stateCount < 1000, String(stateCount))
  assert.ok(memBudget <= 512 << 10)
})

test('compilePattern() caches few patterns, and fewer large ones', () => {
  const first = compilePattern('first')
  for (let at = 0; at < 100; at++) compilePattern(`${at}a`)
  assert.equal(compilePattern('first'), first)
  for (let at = 0; at < 205; at++) compilePattern(`${at}a{1000}`)
  const later = compilePattern('first')
  assert.notEqual(later, first)
  assert.equal(compilePattern('first'), later)
  for (let at = 0; at < 501; at++) compilePattern(`${at}b`)
  assert.notEqual(compilePattern('first'), later)
})

test('compilePattern() caches the newest pattern whatever its size', () => {
  const large = 'a{1000}'.repeat(201)
  assert.equal(compilePattern(large), compilePattern(large))
})
