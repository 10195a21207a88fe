import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CronJob } from '../../api/types/batch-v1.ts'
import { cronJobs, events, jobs } from '../../client/resources.ts'
import { type Scenario, startScenario } from '../scenario.testing.ts'
import { cronJob } from './cronjob.ts'

const first = Date.UTC(2026, 0, 1, 0, 10)

function start(spec: Partial<CronJob['spec']>, now: () => number): Scenario {
  const object: CronJob = {
    metadata: { name: 'c', namespace: 'ns', creationTimestamp: '2026-01-01T00:00:30Z' },
    spec: { schedule: '*/10 * * * *', timeZone: 'UTC', jobTemplate: { spec: { template: { spec: { containers: [] } } } }, ...spec },
  }
  return startScenario({ controllers: [cronJob], now, prepare: api => void api.seed(cronJobs, object) })
}
const read = ({ api }: Scenario) => api.read(cronJobs, 'ns', 'c')
const names = ({ api }: Scenario) => api.all(jobs).map(({ metadata }) => metadata.name)
/** Any change makes the controller reconcile. */
const touch = ({ api }: Scenario, key: string) =>
  api.change(cronJobs, 'ns', 'c', object => {
    object.metadata.labels = { touched: key }
  })
const minutes = (count: number) => first + count * 60_000
const nameAt = (count: number) => `c-${minutes(count) / 60_000}`

test('cronJob starts a job once, follows it and removes it', async () => {
  let now = first
  await using scenario = start({ successfulJobsHistoryLimit: 0 }, () => now)
  const { api } = scenario
  await scenario.until(() => read(scenario)?.status?.active?.length === 1, 'the first job')
  assert.deepEqual(names(scenario), [nameAt(0)])
  assert.equal(read(scenario)?.status?.lastScheduleTime, '2026-01-01T00:10:00Z')
  now = minutes(1)
  api.change(jobs, 'ns', nameAt(0), job => {
    job.status = { completionTime: '2026-01-01T00:11:00Z', conditions: [{ type: 'Complete', status: 'True' }] }
  })
  await scenario.until(() => read(scenario)?.status?.lastSuccessfulTime === '2026-01-01T00:11:00Z', 'the success')
  await scenario.until(() => names(scenario).length === 0, 'the job to be cleared away')
  assert.deepEqual(read(scenario)?.status?.active, [])
})

for (const { policy, after } of [
  { policy: 'Allow', after: [nameAt(0), nameAt(10)] },
  { policy: 'Replace', after: [nameAt(10)] },
]) {
  test(`cronJob with concurrencyPolicy ${policy} has ${after.length} job(s) at the second start`, async () => {
    let now = first
    await using scenario = start({ concurrencyPolicy: policy }, () => now)
    await scenario.until(() => read(scenario)?.status?.active?.length === 1, 'the first job')
    now = minutes(10)
    touch(scenario, 'a')
    await scenario.until(() => read(scenario)?.status?.lastScheduleTime === '2026-01-01T00:20:00Z', 'the second start')
    assert.deepEqual(names(scenario), after)
    assert.deepEqual(
      read(scenario)?.status?.active?.map(({ name }) => name),
      after,
    )
  })
}

test('cronJob with concurrencyPolicy Forbid waits, and reports it', async () => {
  let now = first
  await using scenario = start({ concurrencyPolicy: 'Forbid' }, () => now)
  await scenario.until(() => read(scenario)?.status?.active?.length === 1, 'the first job')
  now = minutes(10)
  touch(scenario, 'a')
  await scenario.until(() => scenario.api.all(events).some(({ reason }) => reason === 'JobAlreadyActive'), 'the event')
  assert.deepEqual(names(scenario), [nameAt(0)])
})

test('cronJob leaves a start to a job of its name that is not its own', async () => {
  let now = first
  await using scenario = start({ startingDeadlineSeconds: 30 }, () => now)
  const { api } = scenario
  await scenario.until(() => read(scenario)?.status?.active?.length === 1, 'the first job')
  api.seed(jobs, { metadata: { name: nameAt(10), namespace: 'ns' }, spec: { template: { spec: { containers: [] } } } })
  now = minutes(10)
  touch(scenario, 'a')
  await scenario.until(
    () => api.requests.some(({ method, path }) => method === 'GET' && path.endsWith(`/jobs/${nameAt(10)}`)),
    'the look at it',
  )
  now = minutes(20)
  touch(scenario, 'b')
  await scenario.until(() => names(scenario).includes(nameAt(20)), 'the start after')
  assert.deepEqual(
    api.all(events).filter(({ reason }) => reason === 'FailedCreate'),
    [],
  )
})

test('cronJob reports a schedule whose day never comes', async () => {
  await using scenario = start({ schedule: '59 23 31 2 *' }, () => first)
  const said = () => scenario.api.all(events).find(({ reason }) => reason === 'InvalidSchedule')
  await scenario.until(() => said() !== undefined, 'the event')
  assert.equal(said()?.message, 'invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second')
  assert.deepEqual(names(scenario), [])
})
