import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdvisorySource } from '../api/types/supply-v1.ts'
import { planSilence } from './advisory-silence-plan.ts'

const hour = 3_600_000
const began = Date.parse('2026-01-01T00:00:00Z')
const time = '2026-01-09T00:00:00Z'
const source = (status: AdvisorySource['status'] = {}, maxSilence?: string): AdvisorySource => ({
  metadata: { name: 'osv', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { format: 'osv', ...(maxSilence === undefined ? {} : { maxSilence }) },
  status,
})
const published = '2026-01-02T00:00:00Z'

const rows: readonly [name: string, of: AdvisorySource, now: number, silent: boolean][] = [
  ['a fresh source', source({ published }, '36h'), began + 24 * hour, false],
  ['a source a moment before its limit', source({ published }, '36h'), began + 60 * hour - 1, false],
  ['a source at its limit', source({ published }, '36h'), began + 60 * hour, true],
  ['a source without a limit before a week', source({ published }), began + 8 * 24 * hour - 1, false],
  ['a source without a limit after a week', source({ published }), began + 8 * 24 * hour, true],
  ['a source that brought nothing, from its creation on', source({}, '1h'), began + hour, true],
  ['a source that was just created', source({}, '1h'), began + hour - 1, false],
]
for (const [name, of, now, silent] of rows)
  test(`planSilence() ${silent ? 'alarms of' : 'says nothing of'} ${name}`, () => {
    const plan = planSilence(of, now, time)
    assert.deepEqual([plan.silent, plan.condition?.status, plan.next === undefined], [silent, silent ? 'True' : 'False', silent])
  })

test('planSilence() writes nothing twice, and changes the time only with the state', () => {
  const first = planSilence(source({ published }, '36h'), began + 60 * hour, time).condition
  assert.ok(first)
  const again = source({ published, conditions: [first] }, '36h')
  assert.equal(planSilence(again, began + 70 * hour, '2026-01-10T00:00:00Z').condition, undefined)
  const fresh = planSilence(
    source({ published: '2026-01-10T00:00:00Z', conditions: [first] }, '36h'),
    Date.parse('2026-01-10T01:00:00Z'),
    '2026-01-10T01:00:00Z',
  )
  assert.deepEqual([fresh.condition?.status, fresh.condition?.lastTransitionTime], ['False', '2026-01-10T01:00:00Z'])
})
