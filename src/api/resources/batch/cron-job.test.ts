import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CronJob, CronJobSpec } from '../../types/batch-v1.ts'
import { validateNew } from '../core/new-object.fixture.ts'
import { cronJob } from './cron-job.ts'
import { scheduleProblem } from './cron-schedule.ts'

const newCronJob = (spec: Partial<CronJobSpec> = {}, name = 'nightly'): CronJob => ({
  metadata: { name, namespace: 'shop' },
  spec: {
    schedule: '0 3 * * *',
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'c:1', resources: {} }] } } },
    },
    ...spec,
  },
})

test('cronJob defaults policy and history, but not the job template', () => {
  const { object, errors } = validateNew(cronJob, newCronJob())
  assert.deepEqual(errors, [])
  const { jobTemplate, ...spec } = object.spec
  assert.deepEqual(spec, {
    schedule: '0 3 * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  })
  assert.deepEqual(Object.keys(jobTemplate.spec), ['template'])
})

const once = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }
const refusals: { name: string; spec: Partial<CronJobSpec>; error: string }[] = [
  { name: 'no schedule', spec: { schedule: '' }, error: 'spec.schedule: Required value' },
  {
    name: 'a zone in the schedule',
    spec: { schedule: 'TZ=UTC 0 3 * * *' },
    error: 'spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  },
  {
    name: 'a selector of its own',
    spec: { jobTemplate: { spec: { selector: { matchLabels: { a: 'b' } }, template: once } } },
    error:
      'spec.jobTemplate.spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` will be auto-generated',
  },
  {
    name: 'an unknown zone',
    spec: { timeZone: 'Mars/Olympus' },
    error: 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
  },
  {
    name: 'a zone in other letters',
    spec: { timeZone: 'europe/berlin' },
    error: 'spec.timeZone: Invalid value: "europe/berlin": unknown time zone europe/berlin',
  },
  {
    name: 'the zone of the machine',
    spec: { timeZone: 'Local' },
    error: 'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
  },
  {
    name: 'a path out of the zones',
    spec: { timeZone: '../Europe/Berlin' },
    error: 'spec.timeZone: Invalid value: "../Europe/Berlin": unknown time zone ../Europe/Berlin',
  },
  {
    name: 'an unknown policy',
    spec: { concurrencyPolicy: 'Queue' },
    error: 'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"',
  },
]
for (const { name, spec, error } of refusals) {
  test(`cronJob rejects ${name}`, () => assert.deepEqual(validateNew(cronJob, newCronJob(spec)).errors, [error]))
}

test('cronJob rejects a name whose jobs would have too long a name', () => {
  assert.deepEqual(validateNew(cronJob, newCronJob({}, 'a'.repeat(52))).errors, [])
  assert.deepEqual(validateNew(cronJob, newCronJob({}, 'a'.repeat(53))).fields, ['metadata.name'])
})

test('cronJob accepts a zone of the IANA database', () => {
  assert.deepEqual(validateNew(cronJob, newCronJob({ timeZone: 'Europe/Berlin' })).errors, [])
})

const schedules: [schedule: string, problem: string | undefined][] = [
  ['*/5 * * * *', undefined],
  ['0 0 1 jan sun', undefined],
  ['0-30/10,45 8-18 * * MON-FRI', undefined],
  ['@hourly', undefined],
  ['@every 1h30m', undefined],
  ['@every 1x', 'failed to parse duration @every 1x: time: unknown unit "x" in duration "1x"'],
  ['1-x-3 * * * *', 'too many hyphens: 1-x-3'],
  ['31-30/0 * * * *', 'beginning of range (31) beyond end of range (30): 31-30/0'],
  [
    '99999999999999999999 * * * *',
    'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
  ],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['30-10 * * * *', 'beginning of range (30) beyond end of range (10): 30-10'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ['TZ=Mars/Base 0 3 * * *', 'provided bad location Mars/Base: unknown time zone Mars/Base'],
  ['@sometimes', 'unrecognized descriptor: @sometimes'],
]
for (const [schedule, problem] of schedules) {
  test(`scheduleProblem() of ${schedule}`, () => assert.equal(scheduleProblem(schedule), problem))
}
