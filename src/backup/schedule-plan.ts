// When a schedule is due, and whether its newest verified backup is too old.
import type { Backup, BackupSchedule } from '../api/types/bulkhead-v1alpha1.ts'
import { parseGoDuration } from '../base/config/go-duration.ts'
import type { Retention } from './retention.ts'

const hourMs = 3_600_000
const leastMaxAgeMs = 600_000

/** A duration that the API has validated; `otherwise` if there is none. */
function durationOf(text: string | undefined, otherwise: number): number {
  const parsed = text === undefined ? undefined : parseGoDuration(text)
  return typeof parsed === 'number' ? parsed : otherwise
}

export interface ScheduleFacts {
  /** Backups of its target, in any order. */
  readonly backups: readonly Backup[]
  /** In ms since the epoch. */
  readonly now: number
}

export interface SchedulePlan {
  /** Undefined if none is due. */
  readonly due: { readonly full: boolean } | undefined
  readonly lastBackup: number | undefined
  readonly lastVerified: number | undefined
  /** The alarm, as a sentence; undefined while the newest verified backup is not too old. */
  readonly tooOld: string | undefined
}

/** Pure. */
export function planSchedule({ spec, metadata }: BackupSchedule, { backups, now }: ScheduleFacts): SchedulePlan {
  const everyMs = durationOf(spec.every, 24 * hourMs)
  const stored = backups.filter(({ status }) => status?.created !== undefined)
  const lastBackup = newest(stored)
  const lastFull = newest(stored.filter(backup => backup.spec.full === true))
  const lastVerified = newest(stored.filter(({ status }) => status?.verified !== undefined))
  const running = backups.some(({ status }) => status?.phase === undefined || status.phase === 'Running')
  // A failed one is tried again after the same time: a target that is gone is not asked all the time.
  const lastTried = Math.max(
    lastBackup ?? 0,
    ...backups.map(({ metadata: { creationTimestamp } }) => Date.parse(creationTimestamp ?? '') || 0),
  )
  const isDue = spec.suspend !== true && !running && now - lastTried >= everyMs
  const full = lastFull === undefined || now - lastFull >= durationOf(spec.fullEvery, 24 * hourMs)
  const maxAgeMs = durationOf(spec.maxAge, Math.max(2 * everyMs, leastMaxAgeMs))
  const since = lastVerified ?? (Date.parse(metadata.creationTimestamp ?? '') || now)
  const minutes = Math.floor((now - since) / 60_000)
  const what =
    lastVerified === undefined ? `No backup was verified within ${minutes} minutes` : `The newest verified backup is ${minutes} minutes old`
  const tooOld = now - since > maxAgeMs ? `${what}; at most ${Math.floor(maxAgeMs / 60_000)} are allowed` : undefined
  return { due: isDue ? { full } : undefined, lastBackup, lastVerified, tooOld }
}

function newest(backups: readonly Backup[]): number | undefined {
  const times = backups.map(({ status }) => Date.parse(status?.created ?? '')).filter(time => !Number.isNaN(time))
  return times.length === 0 ? undefined : Math.max(...times)
}

/** With the defaults. */
export function retentionOf({ spec: { retention = { keepLast: 24, keepDaily: 7 } } }: Pick<BackupSchedule, 'spec'>): Retention {
  return {
    keepLast: retention.keepLast ?? 0,
    keepHourly: retention.keepHourly ?? 0,
    keepDaily: retention.keepDaily ?? 0,
    keepWeekly: retention.keepWeekly ?? 0,
    keepMonthly: retention.keepMonthly ?? 0,
    historyMs: durationOf(retention.history, 48 * hourMs),
  }
}
