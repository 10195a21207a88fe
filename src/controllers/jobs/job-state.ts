// The combined state of a Job's pods: the numbers on which all decisions are based. Pure.
import type { Job } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { hasFinalizer } from '../finalizer.ts'
import { isActive, isFinished, isReady } from '../pod-state.ts'
import { finishTime } from './job-backoff.ts'
import { countsAsFailure, isPodFailed, matchFailurePolicy } from './job-failure.ts'
import { completionIndex, isIndexed, parseIndexes } from './job-indexes.ts'
import { indexFailures, jobTrackingFinalizer } from './job-pods.ts'

export interface JobState {
  readonly pods: readonly Pod[]
  readonly active: readonly Pod[]
  readonly ready: number
  /** Being deleted and not finished. */
  readonly terminating: readonly Pod[]
  /** Still carry the tracking finalizer: not counted for good. */
  readonly tracked: ReadonlySet<Pod>
  /** Tracked, finished, and not yet noted in the status. */
  readonly newSucceeded: readonly Pod[]
  readonly newFailed: readonly Pod[]
  /** All that ever succeeded and failed; for Indexed jobs, `succeeded` is the number of indexes. */
  readonly succeeded: number
  readonly failed: number
  readonly succeededIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
  /** The last failed pod of an index that waits for its next try: it keeps the count of failures, and so its finalizer. */
  readonly delayed: ReadonlyMap<number, Pod>
}

/** `released` are the uids of pods whose finalizer was taken off, though the cache may not show it yet. */
export function countJob(job: Job, pods: readonly Pod[], released: ReadonlySet<string>): JobState {
  const { status = {} } = job
  const noted = new Set([...(status.uncountedTerminatedPods?.succeeded ?? []), ...(status.uncountedTerminatedPods?.failed ?? [])])
  const uidOf = ({ metadata }: Pod) => metadata.uid ?? ''
  const tracked = new Set(pods.filter(pod => hasFinalizer(pod, jobTrackingFinalizer) && !released.has(uidOf(pod))))
  const isUsable = (pod: Pod) => !isIndexed(job) || completionIndex(pod, job.spec.completions ?? 0) !== undefined
  const fresh = [...tracked].filter(pod => !noted.has(uidOf(pod)) && isUsable(pod))
  const newSucceeded = fresh.filter(pod => pod.status?.phase === 'Succeeded')
  const newFailed = fresh.filter(pod => isPodFailed(pod, job))
  const active = pods.filter(isActive)
  const counted = newFailed.filter(pod => countsAsFailure(job, pod)).length
  const base = {
    pods,
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(pod => pod.metadata.deletionTimestamp !== undefined && !isFinished(pod)),
    tracked,
    newSucceeded,
    newFailed,
    failed: (status.failed ?? 0) + (status.uncountedTerminatedPods?.failed?.length ?? 0) + counted,
  }
  if (!isIndexed(job)) {
    const succeeded = (status.succeeded ?? 0) + (status.uncountedTerminatedPods?.succeeded?.length ?? 0) + newSucceeded.length
    return { ...base, succeeded, succeededIndexes: new Set(), failedIndexes: new Set(), delayed: new Map() }
  }
  const completions = job.spec.completions ?? 0
  const succeededIndexes = parseIndexes(status.completedIndexes, completions)
  for (const pod of tracked) if (pod.status?.phase === 'Succeeded') addIndex(succeededIndexes, completionIndex(pod, completions))
  const failedIndexes = parseIndexes(status.failedIndexes, completions)
  if (job.spec.backoffLimitPerIndex != null)
    for (const pod of tracked) if (endsIndex(job, pod)) addIndex(failedIndexes, completionIndex(pod, completions))
  const done = new Set([...succeededIndexes, ...failedIndexes])
  const delayed = job.spec.backoffLimitPerIndex == null ? new Map<number, Pod>() : delayedPods(job, active, [...tracked], done)
  return { ...base, succeeded: succeededIndexes.size, succeededIndexes, failedIndexes, delayed }
}

function addIndex(indexes: Set<number>, index: number | undefined): void {
  if (index !== undefined) indexes.add(index)
}

/** Whether with this pod its index has failed for good. */
function endsIndex(job: Job, pod: Pod): boolean {
  if (!isPodFailed(pod, job)) return false
  const action = matchFailurePolicy(job, pod)?.action
  if (action === 'FailIndex') return true
  return action !== 'Ignore' && indexFailures(pod).counted >= (job.spec.backoffLimitPerIndex ?? 0)
}

function delayedPods(job: Job, active: readonly Pod[], tracked: readonly Pod[], done: ReadonlySet<number>): Map<number, Pod> {
  const completions = job.spec.completions ?? 0
  const running = new Set(active.map(pod => completionIndex(pod, completions)))
  const tries = (pod: Pod) => indexFailures(pod).counted + indexFailures(pod).ignored
  const last = new Map<number, Pod>()
  for (const pod of tracked) {
    const index = completionIndex(pod, completions)
    if (index === undefined || !isPodFailed(pod, job) || running.has(index) || done.has(index)) continue
    const known = last.get(index)
    if (known === undefined || tries(known) < tries(pod) || (tries(known) === tries(pod) && finishTime(known) <= finishTime(pod)))
      last.set(index, pod)
  }
  return last
}
