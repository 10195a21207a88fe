// Whether a Job is to end, and why. Pure.
import type { Job, JobCondition } from '../../api/types/batch-v1.ts'
import { jobCondition } from './job-condition.ts'
import { failJobMessage } from './job-failure.ts'
import { parseIndexes } from './job-indexes.ts'
import type { JobState } from './job-state.ts'

/** The condition by which a job begins to end; Failed or Complete follow when all its pods have. */
export interface Verdict {
  readonly type: 'FailureTarget' | 'SuccessCriteriaMet'
  readonly reason: string
  readonly message: string
}

/** Undefined while the job continues. Completion is decided after its pods were processed: see `completed`. */
export function decide(job: Job, state: JobState, now: number): Verdict | undefined {
  return standing(job) ?? failure(job, state, now) ?? success(job, state)
}

/** Decisions of an earlier pass are kept. */
function standing(job: Job): Verdict | undefined {
  const given = (type: Verdict['type'], condition: JobCondition | undefined): Verdict | undefined =>
    condition && { type, reason: condition.reason ?? '', message: condition.message ?? '' }
  return given('SuccessCriteriaMet', jobCondition(job, 'SuccessCriteriaMet')) ?? given('FailureTarget', jobCondition(job, 'FailureTarget'))
}

function failure(job: Job, state: JobState, now: number): Verdict | undefined {
  const failed = (reason: string, message: string): Verdict => ({ type: 'FailureTarget', reason, message })
  const byPolicy = failJobMessage(job, state.pods)
  if (byPolicy !== undefined) return failed('PodFailurePolicy', byPolicy)
  if (state.failed > (job.spec.backoffLimit ?? 6) || isRestartedTooOften(job, state))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  const left = untilDeadline(job, now)
  if (left !== undefined && left <= 0) return failed('DeadlineExceeded', 'Job was active longer than specified deadline')
  if (job.spec.backoffLimitPerIndex == null) return undefined
  const { maxFailedIndexes, completions = 0 } = job.spec
  if (maxFailedIndexes != null && state.failedIndexes.size > maxFailedIndexes)
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  if (state.failedIndexes.size > 0 && state.failedIndexes.size + state.succeededIndexes.size >= completions)
    return failed('FailedIndexes', 'Job has failed indexes')
  return undefined
}

/** With restartPolicy OnFailure the node restarts containers, and restarts count against the limit. */
function isRestartedTooOften({ spec }: Job, { pods }: JobState): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false
  let restarts = 0
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue
    for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) restarts += restartCount
  }
  const limit = spec.backoffLimit ?? 6
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** Milliseconds until activeDeadlineSeconds have passed; undefined if there is no deadline or it does not run. */
export function untilDeadline({ spec, status }: Job, now: number): number | undefined {
  const start = Date.parse(status?.startTime ?? '')
  // Just resumed: it is about to start anew.
  const isStopped =
    spec.suspend === true || status?.conditions?.some(({ type, status: is }) => type === 'Suspended' && is === 'True') === true
  if (spec.activeDeadlineSeconds == null || isStopped || Number.isNaN(start)) return undefined
  return start + spec.activeDeadlineSeconds * 1000 - now
}

function success(job: Job, { succeededIndexes }: JobState): Verdict | undefined {
  const completions = job.spec.completions ?? 0
  for (const [index, rule] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const wanted = rule.succeededIndexes == null ? undefined : parseIndexes(rule.succeededIndexes, completions)
    const reached = wanted === undefined ? succeededIndexes.size : [...wanted].filter(each => succeededIndexes.has(each)).length
    const needed = rule.succeededCount ?? wanted?.size
    // A rule that names no index of the job is met by none.
    if (needed === undefined || wanted?.size === 0 || reached < needed) continue
    return { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${index}` }
  }
  return undefined
}

/** `active` are those left after surplus ones were deleted. */
export function completed({ spec }: Job, succeeded: number, active: number): Verdict | undefined {
  const isComplete = active === 0 && (spec.completions == null ? succeeded > 0 : succeeded >= spec.completions)
  return isComplete
    ? { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined
}
