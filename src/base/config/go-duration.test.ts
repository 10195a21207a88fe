import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatGoDuration, parseGoDuration } from './go-duration.ts'

const rows: readonly [ms: number, text: string][] = [
  [0, '0s'],
  [801, '801ms'],
  [1000, '1s'],
  [1250, '1.25s'],
  [59_999, '59.999s'],
  [60_000, '1m0s'],
  [62_500, '1m2.5s'],
  [3_600_500, '1h0m0.5s'],
  [7_384_000, '2h3m4s'],
]
for (const [ms, text] of rows) {
  test(`formatGoDuration() of ${ms} is ${text}, which is read as the same`, () => {
    assert.equal(formatGoDuration(ms), text)
    assert.equal(parseGoDuration(text), ms)
  })
}
