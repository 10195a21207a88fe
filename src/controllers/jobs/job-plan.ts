// Which pods an active Job creates and deletes. Pure.
import type { Job } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { rankByProgress } from '../replicas/replica-plan.ts'
import { type BackoffRecord, finishTime, remainingBackoff } from './job-backoff.ts'
import { countsAsFailure, replacesOnlyFailed } from './job-failure.ts'
import { completionIndex, firstPending, isIndexed } from './job-indexes.ts'
import { type IndexFailures, indexFailures } from './job-pods.ts'
import type { JobState } from './job-state.ts'

/** Limit of pods created or deleted in one pass. */
const burst = 500

export interface NewPod {
  readonly index: number | undefined
  readonly failures: IndexFailures | undefined
}

export interface JobPlan {
  /** Deleted without being counted. */
  readonly remove: readonly Pod[]
  readonly create: readonly NewPod[]
  /** Until failed pods may be replaced. */
  readonly waitMs: number | undefined
}

const nothing: JobPlan = { remove: [], create: [], waitMs: undefined }

export function planJob(job: Job, state: JobState, backoff: BackoffRecord, now: number): JobPlan {
  const { active } = state
  if (job.spec.suspend === true) return { ...nothing, remove: active.slice(0, burst) }
  const wanted = wantedActive(job, state)
  const remove = surplus(job, active, Math.max(0, active.length - wanted))
  if (remove.length > 0) return { ...nothing, remove: remove.slice(0, burst) }
  const terminating = replacesOnlyFailed(job) ? state.terminating.length : 0
  const count = Math.min(wanted - terminating - active.length, burst)
  if (count <= 0) return nothing
  if (job.spec.backoffLimitPerIndex != null) return planTries(job, state, count, now)
  const waitMs = remainingBackoff(backoff, now)
  if (waitMs > 0) return { ...nothing, waitMs }
  const slots = isIndexed(job) ? pendingIndexes(job, state, count) : Array.from({ length: count }, () => undefined)
  return { ...nothing, create: slots.map(index => ({ index, failures: undefined })) }
}

function wantedActive({ spec }: Job, { active, succeeded }: JobState): number {
  const parallelism = spec.parallelism ?? 1
  if (spec.completions == null) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(spec.completions - succeeded, parallelism))
}

/** At least this many; pods without a usable index and second ones of an index go in any case. */
function surplus(job: Job, active: readonly Pod[], atLeast: number): Pod[] {
  if (!isIndexed(job)) return rankByProgress(active).slice(0, atLeast)
  const byIndex = Map.groupBy(active, pod => completionIndex(pod, job.spec.completions ?? 0))
  const unusable: Pod[] = []
  const kept: Pod[] = []
  for (const [index, pods] of byIndex) {
    if (index === undefined) unusable.push(...pods)
    else {
      const ranked = rankByProgress(pods)
      unusable.push(...ranked.slice(0, -1))
      kept.push(...ranked.slice(-1))
    }
  }
  const more = Math.max(0, atLeast - unusable.length)
  return [...unusable, ...rankByProgress(kept).slice(0, more)]
}

function pendingIndexes(job: Job, state: JobState, count: number): number[] {
  const completions = job.spec.completions ?? 0
  const taken = replacesOnlyFailed(job) ? [...state.active, ...state.terminating] : state.active
  const running = new Set(taken.map(pod => completionIndex(pod, completions)))
  const { succeededIndexes, failedIndexes } = state
  return firstPending(count, completions, index => succeededIndexes.has(index) || failedIndexes.has(index) || running.has(index))
}

/** With a separate back-off for each index. */
function planTries(job: Job, state: JobState, count: number, now: number): JobPlan {
  const create: NewPod[] = []
  const waits: number[] = []
  // A waiting index keeps its place: no later index is started before it.
  for (const index of pendingIndexes(job, state, count)) {
    const last = state.delayed.get(index)
    if (last === undefined) {
      create.push({ index, failures: { counted: 0, ignored: 0 } })
      continue
    }
    const { counted, ignored } = indexFailures(last)
    const wait = remainingBackoff({ failures: counted + ignored + 1, lastFailure: finishTime(last) }, now)
    if (wait > 0) waits.push(wait)
    else
      create.push({ index, failures: countsAsFailure(job, last) ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 } })
  }
  return { ...nothing, create, waitMs: create.length > 0 || waits.length === 0 ? undefined : Math.min(...waits) }
}
