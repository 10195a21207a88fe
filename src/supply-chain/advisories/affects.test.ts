import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareNpmVersions } from '../versions/npm.ts'
import type { RangeEvent } from './advisory.ts'
import { evaluateAffected, type Verdict } from './affects.ts'

const range = (...events: RangeEvent[]) => events
const from: RangeEvent = ['introduced', '0']

const rows: readonly (readonly [
  string,
  readonly (readonly RangeEvent[])[],
  Readonly<Record<string, Verdict>>,
  versions?: readonly string[],
])[] = [
  [
    'fixed',
    [range(from, ['fixed', '1.2.0'])],
    {
      '0.0.1-a': { affected: true, fixedVersion: '1.2.0' },
      '1.1.9': { affected: true, fixedVersion: '1.2.0' },
      '1.2.0-rc.1': { affected: true, fixedVersion: '1.2.0' },
      '1.2.0': { affected: false },
    },
  ],
  ['no fix', [range(['introduced', '1.0.0'])], { '0.9.0': { affected: false }, '1.0.0': { affected: true }, '99.0.0': { affected: true } }],
  ['last affected', [range(from, ['lastAffected', '2.0.0'])], { '2.0.0': { affected: true }, '2.0.1': { affected: false } }],
  [
    'several branches, events in any order',
    [range(['fixed', '1.5.0'], ['introduced', '2.0.0'], ['introduced', '1.0.0'], ['fixed', '2.3.0'])],
    {
      '0.9.0': { affected: false },
      '1.4.0': { affected: true, fixedVersion: '1.5.0' },
      '1.6.0': { affected: false },
      '2.1.0': { affected: true, fixedVersion: '2.3.0' },
      '2.3.0': { affected: false },
    },
  ],
  ['limit', [range(from, ['limit', '2.0.0'])], { '1.9.0': { affected: true }, '2.0.0': { affected: false } }],
  ['limit *', [range(from, ['limit', '*'])], { '5.0.0': { affected: true } }],
  [
    'any limit suffices',
    [range(from, ['limit', '1.0.0'], ['limit', '3.0.0'])],
    { '2.0.0': { affected: true }, '3.0.0': { affected: false } },
  ],
  [
    'listed versions',
    [range(['introduced', '2.0.0'])],
    { '1.0.0': { affected: true }, '1.0.0+b': { affected: true }, '1.0.1': { affected: false } },
    ['1.0.0'],
  ],
  [
    'two ranges that hold the version: the fix of both',
    [range(from, ['fixed', '1.5.0']), range(from, ['fixed', '1.7.0'])],
    {
      '1.0.0': { affected: true, fixedVersion: '1.7.0' },
      '1.6.0': { affected: true, fixedVersion: '1.7.0' },
      '1.7.0': { affected: false },
    },
  ],
  ['no ranges', [], { '1.0.0': { affected: false } }],
  ['an event that is no version', [range(from, ['fixed', 'next'])], { '1.0.0': { affected: 'unknown' } }],
  ['another range decides', [range(from, ['fixed', 'next']), range(from)], { '1.0.0': { affected: true } }],
]

for (const [title, ranges, verdicts, versions = []] of rows)
  test(`evaluateAffected(): ${title}`, () => {
    for (const [version, verdict] of Object.entries(verdicts))
      assert.deepEqual(evaluateAffected(version, { ranges, versions }, compareNpmVersions), verdict, version)
  })

test('evaluateAffected() takes a version that is none of its ecosystem only if it is listed', () => {
  const affected = { ranges: [range(from, ['fixed', '1.0.0'])], versions: ['git-abc'] }
  assert.deepEqual(evaluateAffected('git-abc', affected, compareNpmVersions), { affected: true })
  assert.deepEqual(evaluateAffected('git-abd', affected, compareNpmVersions), { affected: 'unknown' })
})
