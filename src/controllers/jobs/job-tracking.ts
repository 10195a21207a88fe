// How finished pods of a Job are counted exactly once: noted in the status by uid, freed of their finalizer, then added to the numbers. Pure.
import type { Job, JobCondition, JobStatus } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { countsAsFailure, isPodFailed } from './job-failure.ts'
import { completionIndex, formatIndexes, isIndexed, parseIndexes } from './job-indexes.ts'
import type { JobState } from './job-state.ts'
import type { Verdict } from './job-verdict.ts'

/** Uids that a status may hold, and pods that one pass counts. */
const maxUncounted = 500

export interface Tracking {
  /** To be written before any finalizer is taken off. */
  readonly status: JobStatus
  /** Pods that the status has taken in. */
  readonly release: readonly Pod[]
  /** More pods wait than a status may hold. */
  readonly more: boolean
}

/** Records finished pods. `status` already has the numbers of this pass (active, ready, terminating). */
export function planTracking(job: Job, status: JobStatus, state: JobState, verdict: Verdict | undefined): Tracking {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const uncounted = { succeeded: [...succeeded], failed: [...failed] }
  const completions = job.spec.completions ?? 0
  const indexes = parseIndexes(status.completedIndexes, completions)
  const noted = new Set([...succeeded, ...failed])
  let room = maxUncounted - noted.size
  const release: Pod[] = []
  let more = false
  for (const pod of state.tracked) {
    if (!isReleasable(job, pod, state, verdict)) continue
    const uid = pod.metadata.uid ?? ''
    const index = isIndexed(job) ? completionIndex(pod, completions) : undefined
    const outcome = noted.has(uid) ? undefined : outcomeOf(job, pod, index, verdict)
    const isKnown = outcome === undefined || (outcome === 'succeeded' && index !== undefined && indexes.has(index))
    // Pods already recorded are released nevertheless: otherwise the list would stay full.
    if (!isKnown && room-- <= 0) {
      more = true
      continue
    }
    release.push(pod)
    if (isKnown) continue
    if (outcome === 'succeeded' && index !== undefined) indexes.add(index)
    else uncounted[outcome].push(uid)
  }
  const next: JobStatus = { ...status, uncountedTerminatedPods: uncounted }
  if (isIndexed(job)) {
    next.succeeded = indexes.size
    next.completedIndexes = formatIndexes(indexes)
    if (job.spec.backoffLimitPerIndex != null) next.failedIndexes = formatIndexes(state.failedIndexes)
  }
  return { status: next, release, more }
}

/** How the pod counts; undefined if it does not. */
function outcomeOf(job: Job, pod: Pod, index: number | undefined, verdict: Verdict | undefined): 'succeeded' | 'failed' | undefined {
  if (isIndexed(job) && index === undefined) return undefined
  if (pod.status?.phase === 'Succeeded') return 'succeeded'
  // A pod that still ran when the job failed has failed with it.
  const hasFailed = isPodFailed(pod, job) || verdict?.type === 'FailureTarget'
  return hasFailed && countsAsFailure(job, pod) ? 'failed' : undefined
}

function isReleasable(job: Job, pod: Pod, { delayed }: JobState, verdict: Verdict | undefined): boolean {
  if (job.metadata.deletionTimestamp !== undefined || verdict !== undefined) return true
  if (delayed.get(completionIndex(pod, job.spec.completions ?? 0) ?? -1) === pod) return false
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

/** The final condition, once every pod has ended and is counted; undefined while one is left. */
export function finish(status: JobStatus, verdict: Verdict, now: number): JobStatus | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  if (succeeded.length + failed.length > 0 || (status.active ?? 0) > 0 || (status.terminating ?? 0) > 0) return undefined
  const { reason, message } = verdict
  const type = verdict.type === 'FailureTarget' ? 'Failed' : 'Complete'
  const ended = withJobCondition(status, { type, status: 'True', reason, message }, now)
  return type === 'Complete' ? { ...ended, completionTime: formatTime(now) } : ended
}
