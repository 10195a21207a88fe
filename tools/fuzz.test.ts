import assert from 'node:assert/strict'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FuzzTarget } from '../src/base/testing/fuzz-target.testing.ts'
import { fuzz, inputOf } from './fuzz-run.ts'
import { fuzzTargets } from './fuzz-targets.ts'

const corpus = 'test/corpus'

for (const target of fuzzTargets) {
  test(`the fuzz target ${target.name} finds nothing in a short run`, async () => {
    const outcome = await fuzz(target, { iterations: 150, seed: 1, corpus, saves: false })
    if (typeof outcome === 'number') return
    const { input, seed, error } = outcome
    assert.fail(`seed ${seed}: ${JSON.stringify(input.toString('latin1'))}: ${error instanceof Error ? error.stack : String(error)}`)
  })
}

test('fuzzTargets lists every file named x.fuzz.ts, and each has a corpus', () => {
  const list = readFileSync('tools/fuzz-targets.ts', 'utf8')
  for (const path of globSync('src/**/*.fuzz.ts')) assert.ok(list.includes(`'../${path}'`), `${path} is not in tools/fuzz-targets.ts`)
  assert.equal(globSync('src/**/*.fuzz.ts').length, fuzzTargets.length)
  const names = fuzzTargets.map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)].sort())
  assert.deepEqual(readdirSync(corpus).sort(), names)
})

/** Fails for every input with a `z` behind an `a`. */
const fragile: FuzzTarget = {
  name: 'fragile',
  inputs: fc.string(),
  words: ['z'],
  run(input) {
    if (/a.*z/s.test(input.toString())) throw new Error('there is a z')
  },
}

test('fuzz() keeps a failing input, reproduces it by its seed, and tries it first', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'fragile'))
  writeFileSync(join(folder, 'fragile', 'first'), 'abc')
  const run = (seed: number, iterations: number, saves: boolean) => fuzz(fragile, { seed, iterations, corpus: folder, saves })
  const failure = await run(1, 10_000, false)
  assert.ok(typeof failure !== 'number' && failure.seed !== undefined && failure.path === undefined)
  const again = await run(failure.seed, 1, true)
  assert.ok(typeof again !== 'number' && again.path !== undefined && existsSync(again.path))
  assert.deepEqual(again.input, failure.input)
  const kept = await run(7, 0, false)
  assert.ok(typeof kept !== 'number')
  assert.deepEqual([kept.input, kept.seed, kept.path], [failure.input, undefined, again.path])
})

test('inputOf() returns different inputs for different seeds, none longer than the target allows', () => {
  const inputs = Array.from({ length: 500 }, (_, seed) => inputOf({ ...fragile, maxBytes: 40 }, [Buffer.from('abcdefgh'.repeat(5))], seed))
  assert.ok(new Set(inputs.map(String)).size > 300)
  assert.ok(inputs.every(({ length }) => length <= 40))
})
