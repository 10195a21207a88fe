import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CronJob, Job } from '../../api/types/batch-v1.ts'
import { dueTime, jobOf, planHistory } from './cron-plan.ts'
import { parseSchedule } from './cron-times.ts'

const at = (text: string) => Date.parse(text)
const times: readonly [name: string, schedule: string, zone: string, after: string, next: string | undefined][] = [
  ['each minute', '* * * * *', 'UTC', '2026-01-01T00:00:30Z', '2026-01-01T00:01:00Z'],
  ['strictly after', '0 * * * *', 'UTC', '2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z'],
  ['steps', '*/15 * * * *', 'UTC', '2026-01-01T00:16:00Z', '2026-01-01T00:30:00Z'],
  ['a range with a step', '0 8-18/5 * * *', 'UTC', '2026-01-01T09:00:00Z', '2026-01-01T13:00:00Z'],
  ['a start with a step', '0 20/2 * * *', 'UTC', '2026-01-01T20:30:00Z', '2026-01-01T22:00:00Z'],
  ['names', '0 0 * feb MON', 'UTC', '2026-01-01T00:00:00Z', '2026-02-02T00:00:00Z'],
  ['either day', '0 0 13 * 5', 'UTC', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['either where a step names days', '0 0 */2 * 5', 'UTC', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'],
  ['both where one is a star', '0 0 * * 5', 'UTC', '2026-01-02T00:00:00Z', '2026-01-09T00:00:00Z'],
  ['the leap day', '0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['never', '0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z', undefined],
  ['yearly', '@yearly', 'UTC', '2026-06-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['every so long', '@every 1h30m', 'UTC', '2026-01-01T00:00:00.400Z', '2026-01-01T01:30:00Z'],
  ['a zone ahead', '0 9 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-01-01T03:30:00Z'],
  ['a zone behind', '0 9 * * *', 'America/New_York', '2026-07-01T00:00:00Z', '2026-07-01T13:00:00Z'],
  ['an hour that is skipped', '30 2 * * *', 'America/New_York', '2026-03-08T05:00:00Z', '2026-03-09T06:30:00Z'],
  ['an hour that comes twice', '30 1 * * *', 'America/New_York', '2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z'],
  ['a midnight that is skipped', '15 1 * * *', 'America/Santiago', '2026-09-06T03:30:00Z', '2026-09-06T04:15:00Z'],
  ['a zone in the schedule', 'CRON_TZ=Asia/Tokyo 0 9 * * *', 'UTC', '2026-01-01T00:00:01Z', '2026-01-02T00:00:00Z'],
]
for (const [name, schedule, zone, after, next] of times) {
  test(`next() finds ${name}`, () => {
    const found = parseSchedule(schedule, zone).next(at(after))
    assert.equal(found === undefined ? undefined : new Date(found).toISOString(), next && new Date(next).toISOString())
  })
}

const cronJob = (spec: Partial<CronJob['spec']> = {}, lastScheduleTime?: string): CronJob => ({
  metadata: { name: 'c', namespace: 'ns', uid: 'cron', creationTimestamp: '2026-01-01T00:00:30Z' },
  spec: { schedule: '*/10 * * * *', jobTemplate: { spec: { template: { spec: { containers: [] } } } }, ...spec },
  ...(lastScheduleTime === undefined ? {} : { status: { lastScheduleTime } }),
})
const due: readonly { name: string; object: CronJob; now: string; time?: string; many?: boolean; never?: boolean; next?: string }[] = [
  { name: 'nothing before the first time', object: cronJob(), now: '2026-01-01T00:09:59Z' },
  { name: 'the first time', object: cronJob(), now: '2026-01-01T00:10:00Z', time: '2026-01-01T00:10:00Z' },
  { name: 'the latest of those missed', object: cronJob(), now: '2026-01-01T00:35:00Z', time: '2026-01-01T00:30:00Z' },
  { name: 'nothing twice', object: cronJob({}, '2026-01-01T00:30:00Z'), now: '2026-01-01T00:35:00Z' },
  { name: 'nothing beyond the deadline', object: cronJob({ startingDeadlineSeconds: 60 }), now: '2026-01-01T00:15:00Z' },
  { name: 'a day that does not come', object: cronJob({ schedule: '0 0 30 2 *' }), now: '2026-01-01T00:35:00Z', never: true },
  {
    name: 'an interval, counted from the last start',
    object: cronJob({ schedule: '@every 1h' }, '2026-01-01T00:30:00Z'),
    now: '2026-01-01T03:50:00Z',
    time: '2026-01-01T03:30:00Z',
    next: '2026-01-01T04:30:00Z',
  },
  {
    name: 'an interval, for any time of evaluation',
    object: cronJob({ schedule: '@every 1h' }, '2026-01-01T00:30:00Z'),
    now: '2026-01-01T01:10:00Z',
    next: '2026-01-01T01:30:00Z',
  },
  {
    name: 'what came every so long a hundred times',
    object: cronJob({ schedule: '@every 1m' }, '2026-01-01T00:30:20Z'),
    now: '2026-01-01T05:50:10Z',
    time: '2026-01-01T05:49:20Z',
    many: true,
    next: '2026-01-01T05:50:20Z',
  },
  {
    name: 'nothing of before a week-end',
    object: cronJob({ schedule: '30 6-16/4 * * 1-5' }, '2026-01-02T06:30:00Z'),
    now: '2026-01-04T12:00:00Z',
    next: '2026-01-05T06:30:00Z',
  },
  {
    name: 'the last of a day',
    object: cronJob({ schedule: '30 6-16/4 * * 1-5' }, '2026-01-02T06:30:00Z'),
    now: '2026-01-02T15:00:00Z',
    time: '2026-01-02T14:30:00Z',
    next: '2026-01-05T06:30:00Z',
  },
  { name: 'five missed', object: cronJob({ schedule: '0 * * * *' }), now: '2026-01-01T05:01:00Z', time: '2026-01-01T05:00:00Z' },
  {
    name: 'one of a hundred that is within the deadline',
    object: cronJob({ startingDeadlineSeconds: 900 }),
    now: '2026-01-08T00:09:00Z',
    time: '2026-01-08T00:00:00Z',
  },
  { name: 'a year of missed times', object: cronJob(), now: '2027-01-01T00:01:00Z', time: '2027-01-01T00:00:00Z', many: true },
]
for (const { name, object, now, time, many = false, never = false, next } of due) {
  test(`dueTime() is ${name}`, () => {
    const found = dueTime(object, parseSchedule(object.spec.schedule, 'UTC'), at(now))
    assert.equal(found.time, time && at(time))
    assert.equal(found.tooManyMissed, many)
    assert.equal(found.never, never)
    if (next !== undefined) assert.equal(found.next, at(next))
  })
}

test('jobOf() is named after its start, and has it in the zone', () => {
  const job = jobOf(cronJob({ timeZone: 'Asia/Kolkata' }), at('2026-01-01T00:10:00Z'))
  assert.equal(job.metadata.name, `c-${at('2026-01-01T00:10:00Z') / 60_000}`)
  assert.equal(job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], '2026-01-01T05:40:00+05:30')
})

for (const timeZone of ['Etc/UTC', 'Europe/London', undefined]) {
  test(`jobOf() has Z if ${timeZone ?? 'no zone'} has no offset`, () => {
    const job = jobOf(cronJob(timeZone === undefined ? {} : { timeZone }), at('2026-01-01T00:10:00Z'))
    assert.equal(job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], '2026-01-01T00:10:00Z')
  })
}

test('planHistory() keeps the newest of each outcome, and all without a limit', () => {
  const ended = (name: string, type: string, startTime: string): Job => ({
    metadata: { name },
    spec: { template: { spec: { containers: [] } } },
    status: { startTime, conditions: [{ type, status: 'True' }] },
  })
  const jobs = [
    ended('b', 'Complete', '2026-01-02T00:00:00Z'),
    ended('a', 'Complete', '2026-01-01T00:00:00Z'),
    ended('f', 'Failed', '2026-01-01T00:00:00Z'),
  ]
  const names = (object: CronJob) => planHistory(object, jobs).map(({ metadata }) => metadata.name)
  assert.deepEqual(names(cronJob({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 })), ['a', 'f'])
  assert.deepEqual(names(cronJob()), [])
})
