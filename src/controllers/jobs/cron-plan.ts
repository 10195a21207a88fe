// Which start of a CronJob is due, and which finished Jobs exceed its history. Pure; times in ms.
import type { CronJob, Job } from '../../api/types/batch-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { cronJobs } from '../../client/resources.ts'
import { controllerReference } from '../owner.ts'
import type { Schedule } from './cron-times.ts'
import { finishedCondition } from './job-condition.ts'

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
/** This many missed starts cause a warning. */
const manyMissed = 100

export interface DueTime {
  /** The latest due start; undefined if there is none. */
  readonly time: number | undefined
  readonly tooManyMissed: boolean
  /** The first start after now. */
  readonly next: number | undefined
  /** The schedule names a date that never comes, such as 31 February. */
  readonly never: boolean
}

export function dueTime(cronJob: CronJob, schedule: Schedule, now: number): DueTime {
  const since = lastKnown(cronJob, now)
  const deadline = cronJob.spec.startingDeadlineSeconds
  const all = missedStarts(schedule, since, now)
  const { time, missed, never } = deadline == null ? all : missedStarts(schedule, Math.max(since, now - deadline * 1000), now)
  // `@every` is counted from the last start, not from the time of this check.
  const next = schedule.next(all.time ?? (all.missed === 0 && !all.never ? since : now))
  return { time, tooManyMissed: missed > manyMissed, next, never }
}

/** The last start, or the earliest possible one. */
function lastKnown({ metadata, status }: CronJob, now: number): number {
  const [started, created] = [status?.lastScheduleTime, metadata.creationTimestamp].map(time => Date.parse(time ?? ''))
  return [started, created].find(time => time !== undefined && !Number.isNaN(time)) ?? now
}

/**
 * The last start between `since` and now. As upstream, the number of missed starts is estimated from the first two, and so is where to
 * search for the last one: years of missed starts are not walked one by one, and one before a gap of an irregular schedule is not made up.
 */
function missedStarts(schedule: Schedule, since: number, now: number): { time: number | undefined; missed: number; never: boolean } {
  const first = schedule.next(since)
  if (first === undefined) return { time: undefined, missed: 0, never: true }
  if (first > now) return { time: undefined, missed: 0, never: false }
  const second = schedule.next(first)
  if (second === undefined || second > now) return { time: first, missed: 1, never: false }
  const between = Math.max(1000, second - first)
  const missed = Math.floor((now - first) / between) + 1
  let last: number | undefined
  const from = first + (missed - 2) * between
  for (let time = schedule.next(from); time !== undefined && time <= now; time = schedule.next(time)) last = time
  return { time: last, missed, never: false }
}

/** Named after its start time, so that one start never creates two jobs. */
export function jobOf(cronJob: CronJob, time: number): Job {
  const { metadata, spec } = cronJob.spec.jobTemplate
  return {
    metadata: {
      name: `${cronJob.metadata.name}-${Math.floor(time / 60_000)}`,
      namespace: cronJob.metadata.namespace ?? '',
      labels: { ...metadata?.labels },
      annotations: { ...metadata?.annotations, [scheduledAnnotation]: localTime(time, cronJob.spec.timeZone) },
      ownerReferences: [controllerReference(cronJob, cronJobs)],
    },
    spec,
  }
}

/** RFC 3339 in the time zone, or in UTC without one. */
function localTime(time: number, timeZone: string | undefined): string {
  if (timeZone === undefined) return formatTime(time)
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(time)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const offset = /^GMT([+-])(\d\d):(\d\d)/.exec(name)
  if (offset === null) return formatTime(time)
  const [, sign = '+', hours = '00', minutes = '00'] = offset
  const shift = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
  // Go writes a zero offset as `Z`, whatever the zone.
  if (shift === 0) return formatTime(time)
  return `${formatTime(time + shift).slice(0, -1)}${sign}${hours}:${minutes}`
}

/** Finished jobs above the limits, oldest first. Without a limit all are kept. */
export function planHistory({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const startOf = ({ status, metadata }: Job) => status?.startTime ?? metadata.creationTimestamp ?? ''
  const beyond = (type: string, limit: number | undefined): Job[] => {
    if (limit == null) return []
    const ended = jobs.filter(job => finishedCondition(job)?.type === type)
    return ended.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1)).slice(0, Math.max(0, ended.length - limit))
  }
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)]
}
