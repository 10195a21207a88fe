import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sabotage } from '../../test/sabotage/sabotage.ts'
import type { EntryResult } from './catalogue-run.ts'
import type { Verdict } from './observation.ts'
import { entriesOf } from './plan.ts'
import { fails, remarkOn, triedLines } from './remarks.ts'

const verdicts = ['seen', 'missed', 'broken', 'skipped'] as const satisfies readonly Verdict[]
const resultsOf = (remark: Partial<Sabotage>): EntryResult[] =>
  verdicts.flatMap(verdict =>
    entriesOf({ C3: [{ name: verdict, file: 'f', from: 'a', to: 'b', proof: 'C3', ...remark }] }).map(entry => ({
      entry,
      verdict,
      detail: '',
    })),
  )

test('fails() passes what no proof can see, and what has not run before', () => {
  assert.deepEqual(resultsOf({}).map(fails), [false, true, true, false])
  assert.deepEqual(resultsOf({ knownMissed: 'why' }).map(fails), [false, false, false, false])
  assert.deepEqual(resultsOf({ untried: true }).map(fails), [false, false, false, false])
})

test('remarkOn() asks to remove a remark that no longer holds', () => {
  assert.deepEqual(resultsOf({}).map(remarkOn), [undefined, undefined, undefined, undefined])
  const known = ['it is listed as missed: remove knownMissed', 'known: why', 'known: why', undefined]
  assert.deepEqual(resultsOf({ knownMissed: 'why' }).map(remarkOn), known)
  assert.deepEqual(resultsOf({ untried: true }).map(remarkOn), ['remove untried', 'listed as untried', 'listed as untried', undefined])
})

test('triedLines() lists the untried entries that ran, those seen apart from the others', () => {
  assert.deepEqual(triedLines(resultsOf({ knownMissed: 'why' })), [])
  const [seen, name, missed, ...others] = triedLines(resultsOf({ untried: true }))
  assert.match(seen ?? '', /seen now: remove untried of/)
  assert.equal(name, '        C3  seen')
  assert.match(missed ?? '', /not seen now: extend the proof/)
  assert.deepEqual(others, ['        C3  missed', '        C3  broken'])
})
