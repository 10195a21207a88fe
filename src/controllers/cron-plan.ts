// Which start of a CronJob is due, and which finished Jobs are beyond its history. Pure; times in ms.
import type { CronJob, Job } from '../api/types/batch-v1.ts'
import { formatTime } from '../base/clock.ts'
import { cronJobs } from '../client/resources.ts'
import type { Schedule } from './cron-times.ts'
import { finishedCondition } from './job-condition.ts'
import { controllerReference } from './owner.ts'

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

export function dueTime({ metadata, spec, status }: CronJob, schedule: Schedule, now: number): DueTime {
  const next = schedule.next(now)
  const created = Date.parse(metadata.creationTimestamp ?? '')
  let earliest = Date.parse(status?.lastScheduleTime ?? '')
  if (Number.isNaN(earliest)) earliest = Number.isNaN(created) ? now : created
  if (spec.startingDeadlineSeconds != null) earliest = Math.max(earliest, now - spec.startingDeadlineSeconds * 1000)
  const first = schedule.next(earliest)
  if (first === undefined) return { time: undefined, tooManyMissed: false, next, never: true }
  if (first > now) return { time: undefined, tooManyMissed: false, next, never: false }
  const second = schedule.next(first)
  if (second === undefined || second > now) return { time: first, tooManyMissed: false, next, never: false }
  const between = Math.max(1000, second - first)
  const missed = Math.floor((now - first) / between) + 1
  return { time: latest(schedule, first, now), tooManyMissed: missed > manyMissed, next, never: false }
}

/** Looks back from now over spans that grow, so that years of missed starts are not walked one by one. */
function latest(schedule: Schedule, first: number, now: number): number {
  for (let span = 60_000; span < now - first; span *= 4) {
    let found = schedule.next(now - span - 1)
    if (found === undefined || found > now) continue
    for (let time: number | undefined = found; time !== undefined && time <= now; time = schedule.next(time)) found = time
    return found
  }
  let last = first
  for (let time: number | undefined = first; time !== undefined && time <= now; time = schedule.next(time)) last = time
  return last
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
