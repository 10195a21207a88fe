import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DueDateTable, type DueState, defaultDueDates, dueState, type Exposure } from './due-dates.ts'
import type { Finding } from './finding.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
type Rated = Pick<Finding, 'severity' | 'fixedVersion' | 'notAffected' | 'epss' | 'exploited'>
const fixed = (severity: Finding['severity'], more: Partial<Rated> = {}): Rated => ({ severity, fixedVersion: '2', ...more })

/** The day, counted from the first sight, on which each state begins, seen hour by hour. */
function course(finding: Rated, exposure: Exposure, table: DueDateTable = defaultDueDates, fixSeen?: number) {
  const begins = new Map<string, number>()
  for (let hour = 0; hour <= 200 * 24; hour++) {
    const { state } = dueState(
      finding,
      { firstSeen: start, exposure, ...(fixSeen !== undefined && { fixSeen }) },
      table,
      start + hour * 3_600_000,
    )
    if (!begins.has(state)) begins.set(state, hour / 24)
  }
  return Object.fromEntries(begins)
}

const rows: readonly (readonly [string, Rated, Exposure, object])[] = [
  ['critical, exposed', fixed('critical'), 'exposed', { ok: 0, dueSoon: 8, overdue: 15 }],
  ['critical, internal', fixed('critical'), 'internal', { ok: 0, dueSoon: 23, overdue: 30 }],
  ['high, exposed', fixed('high'), 'exposed', { ok: 0, dueSoon: 23, overdue: 30 }],
  ['medium, internal', fixed('medium'), 'internal', { ok: 0, dueSoon: 173, overdue: 180 }],
  ['low', fixed('low'), 'exposed', { noDate: 0 }],
  ['low, exploited', fixed('low', { exploited: true }), 'internal', { ok: 0, dueSoon: 7, overdue: 14 }],
  ['high, likely exploited', fixed('high', { epss: 0.5 }), 'exposed', { ok: 0, dueSoon: 7, overdue: 14 }],
  ['high, hardly exploited', fixed('high', { epss: 0.49 }), 'exposed', { ok: 0, dueSoon: 23, overdue: 30 }],
  ['no fix', { severity: 'critical', exploited: true }, 'exposed', { noDate: 0 }],
  ['not affected', fixed('critical', { notAffected: 'component_not_present' }), 'exposed', { noDate: 0 }],
]
for (const [title, finding, exposure, states] of rows)
  test(`dueState() moves with the clock: ${title}`, () => {
    assert.deepEqual(course(finding, exposure), states)
  })

test('dueState() is due soon and overdue from the exact moment on', () => {
  const at = (now: number): DueState => dueState(fixed('critical'), { firstSeen: start, exposure: 'exposed' }, defaultDueDates, now)
  const due = start + 15 * day
  assert.deepEqual(at(due - 7 * day - 1), { state: 'ok', due })
  assert.deepEqual(at(due - 7 * day), { state: 'dueSoon', due })
  assert.deepEqual(at(due - 1), { state: 'dueSoon', due })
  assert.deepEqual(at(due), { state: 'overdue', due })
})

test('dueState() counts from the day a fix is known, or from the first sight if a date needs no fix', () => {
  assert.deepEqual(course(fixed('critical'), 'exposed', defaultDueDates, start + 10 * day), { ok: 0, dueSoon: 18, overdue: 25 })
  const without = { ...defaultDueDates, needsFix: false }
  assert.deepEqual(course({ severity: 'critical' }, 'exposed', without, start + 10 * day), { ok: 0, dueSoon: 8, overdue: 15 })
})

test('dueState() says why there is no date', () => {
  const reason = (finding: Rated) => dueState(finding, { firstSeen: start, exposure: 'exposed' }, defaultDueDates, start)
  assert.deepEqual(reason({ severity: 'high' }), { state: 'noDate', reason: 'no fix' })
  assert.deepEqual(reason(fixed('unknown')), { state: 'noDate', reason: 'severity' })
  assert.deepEqual(reason(fixed('high', { notAffected: 'x' })), { state: 'noDate', reason: 'not affected' })
})
