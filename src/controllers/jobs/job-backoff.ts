// How long a Job waits before it replaces failed pods: 10 s, doubled with each failure, at most 10 min. Pure.
import type { Pod } from '../../api/types/core-v1.ts'
import { sidecarStatuses } from '../pod-state.ts'

const firstBackoffMs = 10_000
const maxBackoffMs = 600_000

/** Failures since the last success. */
export interface BackoffRecord {
  readonly failures: number
  /** Time of the newest failure, in ms since the epoch. */
  readonly lastFailure: number
}

export const noFailures: BackoffRecord = { failures: 0, lastFailure: 0 }

/** The record after these finished pods, which were not counted before. */
export function recordFinished(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const lastSuccess = Math.max(0, ...succeeded.map(finishTime))
  const times = failed.map(finishTime).filter(time => succeeded.length === 0 || time > lastSuccess)
  const before = succeeded.length > 0 && lastSuccess > record.lastFailure ? 0 : record.failures
  return { failures: before + times.length, lastFailure: Math.max(before === 0 ? 0 : record.lastFailure, ...times) }
}

export function remainingBackoff({ failures, lastFailure }: BackoffRecord, now: number): number {
  if (failures === 0) return 0
  // A factor above the limit would overflow long before it matters.
  const wait = Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 30), maxBackoffMs)
  return Math.max(0, lastFailure + wait - now)
}

/** When the pod's last container ended, by its status; without data, its creation time, so that the wait ends. */
export function finishTime(pod: Pod): number {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...sidecarStatuses(pod)]
  const ends = statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  const known = ends.filter(time => !Number.isNaN(time))
  if (known.length > 0 && known.length === ends.length) return Math.max(...known)
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  const turned = ready?.status === 'False' ? Date.parse(ready.lastTransitionTime ?? '') : Number.NaN
  if (!Number.isNaN(turned)) return turned
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata
  const deleted = Date.parse(deletionTimestamp ?? '')
  return Number.isNaN(deleted) ? Date.parse(creationTimestamp ?? '') || 0 : deleted - deletionGracePeriodSeconds * 1000
}
