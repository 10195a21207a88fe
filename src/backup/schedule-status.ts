// The status of a schedule: whether its newest verified backup is recent, and whether its target gets each change.
import type { BackupSchedule, BackupScheduleStatus } from '../api/types/bulkhead-v1alpha1.ts'
import type { Condition } from '../api/types/meta-v1.ts'
import { formatTime } from '../base/clock.ts'
import type { SchedulePlan } from './schedule-plan.ts'
import type { TargetState } from './target-backups.ts'

/** A target that is further behind does not get each change within seconds. */
const maxBehindMs = 10_000
/** `reached` alone changes all the time, so that it is written less often. */
const writeMs = 30_000

export interface StatusChange {
  /** Undefined if there is nothing to write. */
  readonly status: BackupScheduleStatus | undefined
  /** A sentence, undefined if everything is as it should be. */
  readonly alarm: string | undefined
}

/** Pure. */
export function scheduleStatus(schedule: BackupSchedule, plan: SchedulePlan, state: TargetState | undefined, now: number): StatusChange {
  const behind =
    state === undefined
      ? `There is no target "${schedule.spec.target}" in the file of "bulkhead up --backup"`
      : now - (state.reachedAt ?? 0) > maxBehindMs
        ? (state.problem ?? 'Changes are on their way')
        : undefined
  const before = schedule.status ?? {}
  const conditions = [
    condition(before, 'Current', plan.tooOld, plan.lastVerified === undefined ? 'Waiting' : 'Verified', 'TooOld', now),
    condition(before, 'Reached', behind, 'Reached', 'Behind', now),
  ]
  const isSame = conditions.every(({ type, status, message }) =>
    before.conditions?.some(old => old.type === type && old.status === status && old.message === message),
  )
  const times = {
    ...(plan.lastBackup === undefined ? {} : { lastBackup: formatTime(plan.lastBackup) }),
    ...(plan.lastVerified === undefined ? {} : { lastVerified: formatTime(plan.lastVerified) }),
  }
  const isRecent = state?.reachedAt === undefined || state.reachedAt - (Date.parse(before.reached ?? '') || 0) < writeMs
  // At the start of the part nothing has reached the target yet.
  const alarm = plan.tooOld ?? (state !== undefined && state.reachedAt === undefined ? undefined : behind)
  if (isSame && isRecent && times.lastBackup === before.lastBackup && times.lastVerified === before.lastVerified)
    return { status: undefined, alarm }
  const reached = state?.reachedAt === undefined ? {} : { reached: formatTime(state.reachedAt), revision: state.revision }
  return { status: { ...times, ...reached, conditions }, alarm }
}

function condition(
  before: BackupScheduleStatus,
  type: string,
  problem: string | undefined,
  good: string,
  bad: string,
  now: number,
): Condition {
  const status = problem === undefined ? 'True' : 'False'
  const old = before.conditions?.find(known => known.type === type)
  return {
    ...{ type, status, reason: problem === undefined ? good : bad },
    // Minutes in a message would change it all the time.
    message: (problem ?? '').replace(/ \d+ minutes/, ' too many minutes').slice(0, 1024),
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : formatTime(now),
  }
}
