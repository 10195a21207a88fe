import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queryFlag } from './query-flag.ts'

for (const [value, wanted] of [
  [undefined, false],
  [null, false],
  ['0', false],
  ['false', false],
  ['False', false],
  ['', true],
  ['1', true],
  ['true', true],
  ['True', true],
  ['no', true],
] as const)
  test(`queryFlag() reads ${JSON.stringify(value)} as ${wanted}`, () => {
    assert.equal(queryFlag(value), wanted)
  })
