// Which backups are kept.

/** Numbers of backups. Of several rules, each keeps its own. */
export interface Retention {
  readonly keepLast: number
  readonly keepHourly: number
  readonly keepDaily: number
  readonly keepWeekly: number
  readonly keepMonthly: number
  /** How far back every revision can be restored. Backups that need changes of an older time are not kept, full ones are. */
  readonly historyMs: number
}

export interface RetainedBackup {
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly time: number
  /** The full backup that it needs; its own number if it is one. */
  readonly base: number
  readonly verified: boolean
}

export interface RetentionPlan {
  /** In ascending order. */
  readonly keep: readonly number[]
  /** Changes after this link are kept. */
  readonly changesAfter: number
}

const hourMs = 3_600_000

/** Pure. `backups` are all of a target, oldest first. The newest, the newest verified one and what they need are kept whatever the rules say. */
export function planRetention(backups: readonly RetainedBackup[], rules: Retention, now: number): RetentionPlan {
  const keep = new Set<number>()
  const newest = backups.at(-1)
  if (newest === undefined) return { keep: [], changesAfter: 0 }
  keep.add(newest.number)
  const verified = backups.findLast(backup => backup.verified)
  if (verified !== undefined) keep.add(verified.number)
  const since = now - rules.historyMs
  // Older ones would need every change since their full backup.
  const eligible = backups.filter(({ time, base, number }) => base === number || time >= since)
  for (const { number } of eligible.slice(-rules.keepLast)) if (rules.keepLast > 0) keep.add(number)
  const periods: readonly [number, (time: number) => number][] = [
    [rules.keepHourly, time => Math.floor(time / hourMs)],
    [rules.keepDaily, time => Math.floor(time / (24 * hourMs))],
    // Weeks begin on Monday; the epoch was a Thursday.
    [rules.keepWeekly, time => Math.floor((time / (24 * hourMs) + 3) / 7)],
    [rules.keepMonthly, time => new Date(time).getUTCFullYear() * 12 + new Date(time).getUTCMonth()],
  ]
  for (const [count, periodOf] of periods) for (const number of newestOfPeriods(eligible, count, periodOf)) keep.add(number)
  for (const { number, base } of backups) if (keep.has(number)) keep.add(base)
  const bases = backups.filter(({ number, base }) => number === base)
  const history = bases.findLast(({ time }) => time <= since) ?? bases[0]
  const needed = backups.filter(({ number, base }) => keep.has(number) && base !== number).map(({ base }) => base)
  const changesAfter = Math.min(history?.number ?? newest.base, ...needed, newest.base)
  // The changes of the history need the full backup before them.
  if (history !== undefined) keep.add(history.number)
  return { keep: [...keep].sort((a, b) => a - b), changesAfter }
}

function newestOfPeriods(backups: readonly RetainedBackup[], count: number, periodOf: (time: number) => number): number[] {
  const newest = new Map<number, number>()
  for (const { number, time } of backups) newest.set(periodOf(time), number)
  return count === 0 ? [] : [...newest.values()].slice(-count)
}
