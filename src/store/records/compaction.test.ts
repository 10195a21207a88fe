import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KeepLimits, type Mark, planCompaction } from './compaction.ts'

const marks: readonly Mark[] = [
  { revision: 10, at: 1000, bytes: 100 },
  { revision: 20, at: 2000, bytes: 10_100 },
  { revision: 30, at: 3000, bytes: 10_200 },
]

const unlimited: KeepLimits = { ageMs: 1e9, revisions: 1e9, bytes: 1e9 }

describe('planCompaction()', () => {
  const rows: readonly [string, number, number, Partial<KeepLimits>, number | undefined][] = [
    ['nothing is old enough', 1, 4000, { ageMs: 5000, revisions: 100 }, undefined],
    ['by age, up to the newest mark that is old enough', 1, 4000, { ageMs: 1500, revisions: 100 }, 20],
    ['a mark of exactly the age is old enough', 1, 4000, { ageMs: 1000, revisions: 100 }, 30],
    ['by count', 1, 1000, { ageMs: 5000, revisions: 5 }, 30],
    ['by whichever reaches further', 1, 4000, { ageMs: 1500, revisions: 30 }, 20],
    ['by bytes, up to the newest mark behind which no more than they were written', 1, 1000, { ageMs: 5000, bytes: 500 }, 20],
    ['by bytes, nothing where they are not exceeded', 1, 1000, { ageMs: 5000, bytes: 10_501 }, undefined],
    ['not below the floor', 20, 4000, { ageMs: 1500, revisions: 100 }, undefined],
  ]
  for (const [title, floor, now, keep, target] of rows) {
    it(title, () => assert.equal(planCompaction(floor, { revision: 35, bytes: 10_600 }, marks, now, { ...unlimited, ...keep }), target))
  }
})
