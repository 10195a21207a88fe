import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planRetention, type RetainedBackup, type Retention } from './retention.ts'

const hour = 3_600_000
const day = 24 * hour
const none: Retention = { keepLast: 0, keepHourly: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, historyMs: 0 }
const now = Date.UTC(2026, 5, 15, 12)

/** A full one each day, the others of the day need it. */
const backups: readonly RetainedBackup[] = Array.from({ length: 24 * 10 }, (_, index) => ({
  number: index + 1,
  time: now - (24 * 10 - 1 - index) * hour,
  base: index - (index % 24) + 1,
  verified: true,
}))

test('planRetention() keeps the last ones, and what they need', () => {
  const { keep, changesAfter } = planRetention(backups, { ...none, keepLast: 3, historyMs: 2 * hour }, now)
  assert.deepEqual(keep, [217, 238, 239, 240])
  assert.equal(changesAfter, 217)
})

test('planRetention() keeps one of each day, of which older ones are full', () => {
  const { keep } = planRetention(backups, { ...none, keepDaily: 4, historyMs: day }, now)
  const times = keep.map(number => backups[number - 1]?.time ?? 0)
  assert.equal(new Set(times.map(time => Math.floor(time / day))).size >= 4, true)
  for (const number of keep) {
    const found = backups[number - 1]
    assert.ok(found !== undefined && (found.base === number || found.time >= now - day), String(number))
  }
})

test('planRetention() with no rules keeps the newest and the newest verified one', () => {
  const unverified = backups.map(backup => ({ ...backup, verified: backup.number === 30 }))
  assert.deepEqual(planRetention(unverified, none, now).keep, [25, 30, 217, 240])
  assert.deepEqual(planRetention([], none, now), { keep: [], changesAfter: 0 })
})

test('planRetention() never drops the newest verified backup, nor what a kept one needs', () => {
  const count = fc.integer({ min: 0, max: 5 })
  const rules = fc.record({
    keepLast: count,
    keepHourly: count,
    keepDaily: count,
    keepWeekly: count,
    keepMonthly: count,
    historyMs: fc.integer({ min: 0, max: 10 * day }),
  })
  const list = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 3 * day }), full: fc.boolean(), verified: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  })
  fc.assert(
    fc.property(list, rules, (entries, retention) => {
      let time = now - 60 * day
      let base = 1
      const all = entries.map(({ gap, full, verified }, index) => {
        time += gap
        if (full) base = index + 1
        return { number: index + 1, time, base: index === 0 ? 1 : base, verified }
      })
      const { keep, changesAfter } = planRetention(all, retention, now)
      const verified = all.findLast(backup => backup.verified)
      if (verified !== undefined) assert.ok(keep.includes(verified.number))
      assert.ok(keep.includes(all.length))
      for (const number of keep) {
        const backup = all[number - 1]
        assert.ok(backup !== undefined && keep.includes(backup.base))
        if (backup.base !== number) assert.ok(changesAfter <= backup.base)
      }
    }),
  )
})
