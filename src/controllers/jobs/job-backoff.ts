// How long a Job waits before it replaces pods that failed: 10 s, doubled with each failure, 10 min at most. Pure.
import type { Pod } from '../../api/types/core-v1.ts'
import { sidecarStatuses } from '../pod-state.ts'

const firstBackoffMs = 10_000
const maxBackoffMs = 600_000

/** Failures since the last success. */
export interface BackoffRecord {
  readonly failures: number
  /** Ms since the epoch of the newest of them. */
  readonly lastFailure: number
}

export const noFailures: BackoffRecord = { failures: 0, lastFailure: 0 }

/** The record after these pods, which have finished and were not counted before. */
export function recordFinished(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const lastSuccess = Math.max(0, ...succeeded.map(finishTime))
  const times = failed.map(finishTime).filter(time => succeeded.length === 0 || time > lastSuccess)
  const before = succeeded.length > 0 && lastSuccess > record.lastFailure ? 0 : record.failures
  return { failures: before + times.length, lastFailure: Math.max(before === 0 ? 0 : record.lastFailure, ...times) }
}

export function remainingBackoff({ failures, lastFailure }: BackoffRecord, now: number): number {
  if (failures === 0) return 0
  // A factor beyond the limit would overflow long before it matters.
  const wait = Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 30), maxBackoffMs)
  return Math.max(0, lastFailure + wait - now)
}

/** When the pod's last container ended, as far as its status tells; what says nothing counts from its creation, so that its time passes. */
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
