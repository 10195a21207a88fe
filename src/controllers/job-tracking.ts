// How finished pods of a Job are counted exactly once: noted in the status by uid, freed of their finalizer, then added to the numbers. Pure.
import type { Job, JobCondition, JobStatus } from '../api/types/batch-v1.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { formatTime } from '../base/clock.ts'
import { countsAsFailure, isPodFailed } from './job-failure.ts'
import { completionIndex, formatIndexes, isIndexed, parseIndexes } from './job-indexes.ts'
import type { JobState } from './job-state.ts'
import type { Verdict } from './job-verdict.ts'

/** Uids that a status may hold. */
const mostUncounted = 500

export interface Tracking {
  /** To be written before any finalizer is taken off. */
  readonly status: JobStatus
  /** Pods that the status has taken in. */
  readonly release: readonly Pod[]
  /** More pods wait than a status may hold. */
  readonly more: boolean
}

/** Notes what has finished. `status` has the numbers of this pass (active, ready, terminating) already. */
export function planTracking(job: Job, status: JobStatus, state: JobState, verdict: Verdict | undefined): Tracking {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const uncounted = { succeeded: [...succeeded], failed: [...failed] }
  const completions = job.spec.completions ?? 0
  const indexes = parseIndexes(status.completedIndexes, completions)
  const release: Pod[] = []
  let more = false
  for (const pod of state.tracked) {
    if (!isReleasable(job, pod, state, verdict)) continue
    if (uncounted.succeeded.length + uncounted.failed.length >= mostUncounted) {
      more = true
      break
    }
    release.push(pod)
    const uid = pod.metadata.uid ?? ''
    const index = completionIndex(pod, completions)
    if (pod.status?.phase === 'Succeeded' && !uncounted.failed.includes(uid)) {
      if (!isIndexed(job)) addOnce(uncounted.succeeded, uid)
      else if (index !== undefined) indexes.add(index)
    } else if (isPodFailed(pod, job) || verdict?.type === 'FailureTarget') {
      // A pod that still ran when the job failed has failed with it.
      if ((!isIndexed(job) || index !== undefined) && countsAsFailure(job, pod)) addOnce(uncounted.failed, uid)
    }
  }
  const next: JobStatus = { ...status, uncountedTerminatedPods: uncounted }
  if (isIndexed(job)) {
    next.succeeded = indexes.size
    next.completedIndexes = formatIndexes(indexes)
    if (job.spec.backoffLimitPerIndex != null) next.failedIndexes = formatIndexes(state.failedIndexes)
  }
  return { status: next, release, more }
}

function addOnce(uids: string[], uid: string): void {
  if (!uids.includes(uid)) uids.push(uid)
}

function isReleasable(job: Job, pod: Pod, { delayed }: JobState, verdict: Verdict | undefined): boolean {
  if (job.metadata.deletionTimestamp !== undefined || verdict !== undefined) return true
  if ([...delayed.values()].includes(pod)) return false
  return pod.status?.phase === 'Succeeded' || isPodFailed(pod, job)
}

/** Adds noted pods to the numbers once nothing holds them any more. */
export function settle(status: JobStatus, isHeld: (uid: string) => boolean): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const left = { succeeded: succeeded.filter(isHeld), failed: failed.filter(isHeld) }
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - left.succeeded.length,
    failed: (status.failed ?? 0) + failed.length - left.failed.length,
    uncountedTerminatedPods: left,
  }
}

/** The conditions with this one in place of the former of its type. */
export function withJobCondition(
  status: JobStatus,
  condition: Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'>,
  now: number,
): JobStatus {
  const conditions = status.conditions ?? []
  const before = conditions.find(({ type }) => type === condition.type)
  if (before?.status === condition.status && before.reason === condition.reason && before.message === condition.message) return status
  const time = formatTime(now)
  const next = { ...condition, lastProbeTime: time, lastTransitionTime: time }
  return { ...status, conditions: before === undefined ? [...conditions, next] : conditions.map(each => (each === before ? next : each)) }
}

/** The last condition, where every pod has ended and is counted; undefined while one is left. */
export function finish(status: JobStatus, verdict: Verdict, now: number): JobStatus | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  if (succeeded.length + failed.length > 0 || (status.active ?? 0) > 0 || (status.terminating ?? 0) > 0) return undefined
  const { reason, message } = verdict
  const type = verdict.type === 'FailureTarget' ? 'Failed' : 'Complete'
  const ended = withJobCondition(status, { type, status: 'True', reason, message }, now)
  return type === 'Complete' ? { ...ended, completionTime: formatTime(now) } : ended
}
