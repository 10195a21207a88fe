import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exceedsBytes } from './byte-length.ts'

const rows: readonly (readonly [text: string, limit: number, exceeds: boolean])[] = [
  ['', 0, false],
  ['aaa', 3, false],
  ['aaaa', 3, true],
  ['ää', 4, false],
  ['ää', 3, true],
  ['語', 3, false],
  ['語', 2, true],
  ['😀', 4, false],
  ['😀', 3, true],
]
for (const [text, limit, exceeds] of rows) {
  test(`${JSON.stringify(text)} ${exceeds ? 'exceeds' : 'fits into'} ${limit} bytes`, () =>
    assert.equal(exceedsBytes(text, limit), exceeds))
}
