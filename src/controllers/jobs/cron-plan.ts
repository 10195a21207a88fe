// Which start of a CronJob is due, and which finished Jobs are beyond its history. Pure; times in ms.
import type { CronJob, Job } from '../../api/types/batch-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { cronJobs } from '../../client/resources.ts'
import { controllerReference } from '../owner.ts'
import type { Schedule } from './cron-times.ts'
import { finishedCondition } from './job-condition.ts'

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
/** So many missed starts are worth a warning. */
const manyMissed = 100

export interface DueTime {
  /** The latest start that is due; undefined where none is. */
  readonly time: number | undefined
  readonly tooManyMissed: boolean
  /** The first start after now. */
  readonly next: number | undefined
  /** The schedule names times that do not come, the 31st of February. */
  readonly never: boolean
}

export function dueTime(cronJob: CronJob, schedule: Schedule, now: number): DueTime {
  const since = lastKnown(cronJob, now)
  const deadline = cronJob.spec.startingDeadlineSeconds
  const all = missedStarts(schedule, since, now)
  const { time, missed, never } = deadline == null ? all : missedStarts(schedule, Math.max(since, now - deadline * 1000), now)
  // What comes every so long is counted from the last start, and not from when somebody looks.
  const next = schedule.next(all.time ?? (all.missed === 0 && !all.never ? since : now))
  return { time, tooManyMissed: missed > manyMissed, next, never }
}

/** The last start, or since when there may be one. */
function lastKnown({ metadata, status }: CronJob, now: number): number {
  const [started, created] = [status?.lastScheduleTime, metadata.creationTimestamp].map(time => Date.parse(time ?? ''))
  return [started, created].find(time => time !== undefined && !Number.isNaN(time)) ?? now
}

/**
 * The last start between `since` and now. How many were missed is upstream's estimate by the first two of them, and so is where the last is looked for:
 * years of missed starts are not walked one by one, and one before a pause of an irregular schedule is not made up for.
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

/** Named after its start, so that one start never makes two jobs. */
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

/** RFC 3339 in the zone, or in UTC without one. */
function localTime(time: number, timeZone: string | undefined): string {
  if (timeZone === undefined) return formatTime(time)
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(time)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const offset = /^GMT([+-])(\d\d):(\d\d)/.exec(name)
  if (offset === null) return formatTime(time)
  const [, sign = '+', hours = '00', minutes = '00'] = offset
  const shift = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
  // Go writes no offset as `Z`, whichever zone has none.
  if (shift === 0) return formatTime(time)
  return `${formatTime(time + shift).slice(0, -1)}${sign}${hours}:${minutes}`
}

/** Finished jobs beyond the limits, oldest first. An absent limit keeps all. */
export function planHistory({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const startOf = ({ status, metadata }: Job) => status?.startTime ?? metadata.creationTimestamp ?? ''
  const beyond = (type: string, limit: number | undefined): Job[] => {
    if (limit == null) return []
    const ended = jobs.filter(job => finishedCondition(job)?.type === type)
    return ended.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1)).slice(0, Math.max(0, ended.length - limit))
  }
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)]
}
