// Validates a Job's status, whichever controller writes it: consistency of finished jobs, and irreversible fields. As upstream, most rules
// apply only if their fields changed, so that an old error blocks nothing else.
import { duplicate, type FieldError, invalidUnshown, invalidValue, required } from '../../field-error.ts'
import type { Job, JobStatus } from '../../types/batch-v1.ts'
import { goStrings, goStruct, goTime, invalidShown } from '../../validation/go-syntax.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { validateNonnegative } from '../apps/pod-owner.ts'
import { countIndexes, indexesOverlap } from './index-list.ts'

/** A status and its relevant conditions. */
interface View {
  readonly status: JobStatus
  readonly complete: boolean
  readonly failed: boolean
  readonly finished: boolean
  readonly failureTarget: boolean
  readonly criteriaMet: boolean
}

function hasCondition({ conditions }: JobStatus, type: string): boolean {
  return conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
}

function viewOf(status: JobStatus): View {
  const complete = hasCondition(status, 'Complete')
  const failed = hasCondition(status, 'Failed')
  return {
    status,
    complete,
    failed,
    finished: complete || failed,
    failureTarget: hasCondition(status, 'FailureTarget'),
    criteriaMet: hasCondition(status, 'SuccessCriteriaMet'),
  }
}

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const errors: FieldError[] = []
  const now = viewOf(job.status ?? {})
  const before = viewOf(old.status ?? {})
  validateCounts(now.status, errors)
  validateConditions(now, before, errors)
  validateTimes(now, before, errors)
  validateFinished(job, now, before, errors)
  validateIndexes(job, now.status, before.status, errors)
  const { ready, terminating = 0 } = now.status
  if (now.finished && terminating > 0 && (!before.finished || changed('terminating', now, before))) {
    errors.push(invalidValue('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
  }
  if (ready !== undefined && ready > (now.status.active ?? 0) && (changed('ready', now, before) || changed('active', now, before))) {
    errors.push(invalidValue('status.ready', ready, 'cannot set more ready pods than active'))
  }
  validateCriteria(job, now, errors)
  validateProgress(job, now, before, errors)
  return errors
}

function changed(field: keyof JobStatus, now: View, before: View): boolean {
  return !semanticallyEqual(now.status[field], before.status[field])
}

function validateCounts(status: JobStatus, errors: FieldError[]): void {
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    validateNonnegative(status[name], `status.${name}`, errors)
  }
  const seen = new Set<string>()
  for (const list of ['succeeded', 'failed'] as const) {
    status.uncountedTerminatedPods?.[list]?.forEach((uid, index) => {
      const path = `status.uncountedTerminatedPods.${list}[${index}]`
      if (uid === '') errors.push(invalidValue(path, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicate(path, uid))
      seen.add(uid)
    })
  }
}

const conditions = 'status.conditions'

function validateConditions(now: View, before: View, errors: FieldError[]): void {
  const completeChanged = now.complete !== before.complete
  if ((completeChanged || now.failed !== before.failed) && now.complete && now.failed) {
    errors.push(invalidUnshown(conditions, 'cannot set Complete=True and Failed=true conditions'))
  }
  if ((completeChanged || now.failureTarget !== before.failureTarget) && now.complete && now.failureTarget) {
    errors.push(invalidUnshown(conditions, 'cannot set Complete=True and FailureTarget=true conditions'))
  }
}

function validateTimes(now: View, before: View, errors: FieldError[]): void {
  const { startTime, completionTime } = now.status
  const path = 'status.completionTime'
  const refuse = (detail: string): void => {
    errors.push(invalidShown(path, goTime(completionTime ?? ''), detail))
  }
  const completionChanged = changed('completionTime', now, before)
  if (now.complete !== before.complete || completionChanged) {
    if (completionTime && !now.complete) refuse('cannot set completionTime when there is no Complete=True condition')
    if (!completionTime && now.complete) errors.push(required(path, 'completionTime is required for Complete jobs'))
  }
  if ((completionChanged || changed('startTime', now, before)) && startTime && completionTime) {
    if (Date.parse(completionTime) < Date.parse(startTime)) refuse('completionTime cannot be set before startTime')
  }
  // Not if only the target is removed: that is rejected as a reversal.
  if ((now.failed !== before.failed || changed('failedIndexes', now, before)) && now.failed && !now.failureTarget) {
    errors.push(invalidUnshown(conditions, 'cannot set Failed=True condition without the FailureTarget=true condition'))
  }
  if ((now.complete !== before.complete || now.criteriaMet !== before.criteriaMet) && now.complete && !now.criteriaMet) {
    errors.push(invalidUnshown(conditions, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'))
  }
}

/** A finished job has nothing active. */
function validateFinished({ spec }: Job, now: View, before: View, errors: FieldError[]): void {
  if (!now.finished) return
  const finishedNow = !before.finished
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = now.status
  if ((finishedNow || changed('active', now, before)) && active > 0) {
    errors.push(invalidValue('status.active', active, 'active>0 is invalid for finished job'))
  }
  // A suspended job without completions is complete without a start.
  const neverStarts = spec.suspend === true && spec.completions === 0
  if ((finishedNow || changed('startTime', now, before)) && !startTime && !neverStarts) {
    errors.push(required('status.startTime', 'startTime is required for finished job'))
  }
  const left = (uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0)
  if ((finishedNow || changed('uncountedTerminatedPods', now, before)) && left > 0) {
    const uids = (list: readonly string[] | undefined) => goStrings(list, 'types.UID')
    const shown = goStruct('batch.UncountedTerminatedPods', { Succeeded: uids(uncounted?.succeeded), Failed: uids(uncounted?.failed) })
    errors.push(invalidShown('status.uncountedTerminatedPods', shown, 'uncountedTerminatedPods needs to be empty for finished job'))
  }
}

function validateIndexes({ spec }: Job, status: JobStatus, old: JobStatus, errors: FieldError[]): void {
  const { completions, backoffLimitPerIndex } = spec
  const { completedIndexes = '', failedIndexes } = status
  const completedChanged = completedIndexes !== (old.completedIndexes ?? '')
  const failedChanged = failedIndexes !== old.failedIndexes
  const refuse = (name: 'completedIndexes' | 'failedIndexes', value: string, detail: string): void => {
    errors.push(invalidValue(`status.${name}`, value, detail))
  }
  if (completedChanged && completions !== undefined) {
    const counted = countIndexes(completedIndexes, completions)
    if (typeof counted === 'string') refuse('completedIndexes', completedIndexes, `error parsing completedIndexes: ${counted}`)
  }
  if (failedChanged && failedIndexes !== undefined && completions !== undefined && backoffLimitPerIndex !== undefined) {
    const counted = countIndexes(failedIndexes, completions)
    if (typeof counted === 'string') refuse('failedIndexes', failedIndexes, `error parsing failedIndexes: ${counted}`)
  }
  if (completedChanged && completedIndexes !== '' && spec.completionMode !== 'Indexed') {
    refuse('completedIndexes', completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode')
  }
  if (failedIndexes === undefined) return
  if (failedChanged && backoffLimitPerIndex === undefined) {
    refuse('failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null')
  }
  if ((completedChanged || failedChanged) && completions !== undefined) {
    const overlap = indexesOverlap(completedIndexes, failedIndexes, completions)
    if (overlap !== undefined) refuse('failedIndexes', failedIndexes, overlap)
  }
}

function validateCriteria({ spec }: Job, now: View, errors: FieldError[]): void {
  if (now.criteriaMet && now.failed) {
    errors.push(invalidUnshown(conditions, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'))
  }
  if (now.criteriaMet && now.failureTarget) {
    errors.push(invalidUnshown(conditions, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'))
  }
  if (spec.successPolicy !== undefined && !now.criteriaMet && now.complete) {
    errors.push(invalidUnshown(conditions, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'))
  }
}

/** A reached state stays reached. */
function validateProgress({ spec }: Job, now: View, before: View, errors: FieldError[]): void {
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (hasCondition(before.status, type) && !hasCondition(now.status, type)) {
      errors.push(invalidUnshown(conditions, `cannot disable the terminal ${type}=True condition`))
    }
  }
  const { failed = 0, succeeded = 0, startTime, completionTime } = now.status
  if (failed < (before.status.failed ?? 0)) errors.push(invalidValue('status.failed', failed, 'cannot decrease the failed counter'))
  // An indexed job whose parallelism follows its completions may be scaled down.
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!mayShrink && succeeded < (before.status.succeeded ?? 0)) {
    errors.push(invalidValue('status.succeeded', succeeded, 'cannot decrease the succeeded counter'))
  }
  if (completionTime && before.status.completionTime && changed('completionTime', now, before)) {
    errors.push(invalidShown('status.completionTime', goTime(completionTime), 'completionTime cannot be mutated'))
  }
  // A resumed job starts over.
  const isResumed = hasCondition(before.status, 'Suspended') && !hasCondition(now.status, 'Suspended')
  if (before.status.startTime && before.status.startTime !== startTime && spec.suspend !== true && !isResumed) {
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'))
  }
  if (before.criteriaMet && !now.criteriaMet) {
    errors.push(invalidUnshown(conditions, 'cannot disable the SuccessCriteriaMet=True condition'))
  }
  if (before.complete && !before.criteriaMet && now.criteriaMet) {
    errors.push(invalidUnshown(conditions, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'))
  }
}
