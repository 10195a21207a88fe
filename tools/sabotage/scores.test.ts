import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sabotage } from '../../test/sabotage/sabotage.ts'
import type { EntryResult } from './catalogue-run.ts'
import type { Verdict } from './observation.ts'
import { entriesOf } from './plan.ts'
import { scoreLines, scoresOf, withScores } from './scores.ts'

const sabotage: Sabotage = { name: 'n', file: 'f', from: 'a', to: 'b', proof: 'C3' }
const result = (row: string, verdict: Verdict, more: Partial<Sabotage> = {}): EntryResult[] =>
  entriesOf({ [row]: [{ ...sabotage, ...more }] }).map(entry => ({ entry, verdict, detail: '' }))
const results = [
  ...result('N1', 'skipped'),
  ...result('C3', 'seen'),
  ...result('C3', 'missed', { knownMissed: 'needs two nodes' }),
  ...result('C3', 'broken'),
]
const page = (...rows: string[]) =>
  ['# Status', '', '| code | seen | tried | date | commit |', '|---|---|---|---|---|', ...rows, '', 'The end.', ''].join('\n')

test('scoresOf() counts what a row has seen of what was tried', () => {
  assert.deepEqual(scoresOf(results), [
    { row: 'C3', seen: 1, tried: 3, skipped: 0 },
    { row: 'N1', seen: 0, tried: 0, skipped: 1 },
  ])
  assert.deepEqual(scoreLines(scoresOf(results)), ['C3   1 of 3 seen', 'N1   0 of 0 seen, 1 skipped', 'all  1 of 3 seen, 1 skipped'])
})

test('withScores() replaces the rows that ran whole, and changes nothing the second time', () => {
  const before = page('| A1 | 1 | 2 | 2026-01-01 | 12345678 |', '| C3 | 9 | 9 | 2026-01-01 | 12345678 |')
  const after = withScores(before, scoresOf(results), '2026-02-02', 'abcdef01')
  assert.equal(after, page('| A1 | 1 | 2 | 2026-01-01 | 12345678 |', '| C3 | 1 | 3 | 2026-02-02 | abcdef01 |'))
  assert.equal(withScores(after, scoresOf(results), '2026-02-02', 'abcdef01'), after)
  assert.throws(() => withScores('# Status', [], '2026-02-02', 'abcdef01'), /no table of sabotage scores/)
})
