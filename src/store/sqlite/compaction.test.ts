import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Mark, planCompaction } from './compaction.ts'

const marks: readonly Mark[] = [
  { revision: 10, at: 1000 },
  { revision: 20, at: 2000 },
  { revision: 30, at: 3000 },
]

describe('planCompaction()', () => {
  const rows: readonly [string, number, number, { ageMs: number; revisions: number }, number | undefined][] = [
    ['nothing is old enough', 1, 4000, { ageMs: 5000, revisions: 100 }, undefined],
    ['by age, up to the newest mark that is old enough', 1, 4000, { ageMs: 1500, revisions: 100 }, 20],
    ['a mark of exactly the age is old enough', 1, 4000, { ageMs: 1000, revisions: 100 }, 30],
    ['by count', 1, 1000, { ageMs: 5000, revisions: 5 }, 30],
    ['by whichever reaches further', 1, 4000, { ageMs: 1500, revisions: 30 }, 20],
    ['not below the floor', 20, 4000, { ageMs: 1500, revisions: 100 }, undefined],
  ]
  for (const [title, floor, now, keep, target] of rows) {
    it(title, () => assert.equal(planCompaction(floor, 35, marks, now, keep), target))
  }
})
