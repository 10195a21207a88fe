import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import type { Image, ImageFindings } from '../api/types/supply-v1.ts'
import { planFindings, vulnerableCondition } from './image-finding-plan.ts'

const digest = `sha256:${'a'.repeat(64)}`
const day = 86_400_000
const began = Date.parse('2026-01-01T00:00:00Z')
const at = (days: number): string => new Date(began + days * day).toISOString().replace('.000Z', 'Z')
const findings = (more: Partial<ImageFindings> = {}): ImageFindings => ({
  ...{ worst: 'critical', critical: 1, high: 2, medium: 0, low: 0, unknown: 0, fixable: 1, time: at(0), due: at(30), dueExposed: at(15) },
  list: [
    {
      advisory: 'DSA-1',
      cves: ['ID-1'],
      package: 'a',
      version: '1',
      severity: 'critical',
      fixedVersion: '2',
      firstSeen: at(0),
      due: at(30),
      dueExposed: at(15),
    },
  ],
  ...more,
})
const pod: Pod = { metadata: { name: 'p', namespace: 'n' }, spec: { containers: [{ name: 'main', image: `app:1@${digest}` }] } }
const plan = (found: ImageFindings | undefined, days: number, exposed = false, of: Pod = pod) => {
  const image: Image = { metadata: {}, spec: { digest }, ...(found === undefined ? {} : { status: { findings: found } }) }
  return planFindings(of, wanted => (wanted === digest ? image : undefined), { exposed, now: began + days * day, time: at(days) })
}

const rows: readonly [name: string, found: string | undefined, want: string | undefined][] = [
  ['nothing of an image without findings', plan(undefined, 0).condition?.reason, undefined],
  ['nothing of an image that has none', plan(findings({ critical: 0, high: 0 }), 0).condition?.reason, undefined],
  ['findings', plan(findings(), 0).condition?.reason, 'Findings'],
  ['a date that comes soon, from its moment on', plan(findings(), 23).condition?.reason, 'DueSoon'],
  ['no date that comes soon a moment before', plan(findings(), 23 - 1 / day).condition?.reason, 'Findings'],
  ['an overdue date, from its moment on', plan(findings(), 30).condition?.reason, 'Overdue'],
  ['an earlier date of an exposed pod', plan(findings(), 15, true).condition?.reason, 'Overdue'],
]
for (const [name, found, want] of rows) test(`planFindings() tells a pod of ${name}`, () => assert.equal(found, want))

test('planFindings() names the counts, the first date, the package and its fix, and when it changes next', () => {
  const { condition, next } = plan(findings(), 0)
  assert.equal(condition?.message, 'main: 1 critical, 2 high, due 2026-01-31: ID-1 in a 1, fixed in 2')
  assert.equal(next, began + 23 * day)
  assert.equal(plan(findings(), 25).next, began + 30 * day)
  const { due: _, dueExposed: __, ...undated } = findings({ list: [] })
  assert.equal(plan(undated, 0).condition?.message, 'main: 1 critical, 2 high')
  assert.equal(plan(undated, 0).next, undefined)
})

test('planFindings() writes nothing twice, and takes back what no longer holds', () => {
  const { condition } = plan(findings(), 0)
  assert.ok(condition)
  const told: Pod = { ...pod, status: { conditions: [condition] } }
  assert.equal(plan(findings(), 1, false, told).condition, undefined)
  const after = plan(findings({ critical: 0, high: 0 }), 2, false, told).condition
  assert.deepEqual(
    [after?.type, after?.status, after?.reason, after?.lastTransitionTime],
    [vulnerableCondition, 'False', 'NoFindings', at(2)],
  )
})
