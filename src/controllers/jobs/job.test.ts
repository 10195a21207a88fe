import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job, JobSpec } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { events, jobs, pods } from '../../client/resources.ts'
import { type Scenario, startScenario } from '../scenario.testing.ts'
import { newJob } from './job.fixture.ts'
import { job } from './job.ts'
import { finishedCondition } from './job-condition.ts'
import { jobTrackingFinalizer } from './job-pods.ts'
import { ttlAfterFinished } from './ttl-after-finished.ts'

const read = ({ api }: Scenario): Job => api.read(jobs, 'ns', 'j') as Job
const ended = (scenario: Scenario) => finishedCondition(read(scenario))?.type

/** Acts as nodes: each unfinished pod ends with this phase; deleted ones are removed once nothing holds them. */
function endPods({ api }: Scenario, phaseOf: (index: string | undefined) => string): void {
  for (const { metadata, status } of api.all(pods)) {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') continue
    const phase = phaseOf(metadata.annotations?.['batch.kubernetes.io/job-completion-index'])
    api.change(pods, 'ns', metadata.name ?? '', pod => {
      pod.status = { phase }
    })
  }
}

const start = (spec: Partial<JobSpec>) => startScenario({ controllers: [job], prepare: api => void api.seed(jobs, newJob(spec)) })

test('job completes, counts each pod once and frees all of them', async () => {
  await using scenario = start({ parallelism: 2, completions: 5 })
  await scenario.until(() => {
    assert.ok(scenario.api.all(pods).filter(({ status }) => status?.phase === undefined).length <= 2)
    endPods(scenario, () => 'Succeeded')
    return ended(scenario) === 'Complete'
  }, 'completion')
  const { status } = read(scenario)
  assert.equal(status?.succeeded, 5)
  assert.equal(scenario.api.all(pods).length, 5)
  assert.deepEqual(status?.uncountedTerminatedPods, { succeeded: [], failed: [] })
  assert.ok(status?.completionTime)
  assert.deepEqual(
    status?.conditions?.map(({ type, reason }) => [type, reason]),
    [
      ['SuccessCriteriaMet', 'CompletionsReached'],
      ['Complete', 'CompletionsReached'],
    ],
  )
  assert.ok(scenario.api.all(pods).every(({ metadata }) => (metadata.finalizers ?? []).length === 0))
  await scenario.until(() => scenario.api.all(events).some(({ reason }) => reason === 'Completed'), 'event')
})

test('job of indexes notes which completed', async () => {
  await using scenario = start({ completionMode: 'Indexed', parallelism: 3, completions: 3 })
  await scenario.until(() => {
    endPods(scenario, () => 'Succeeded')
    return ended(scenario) === 'Complete'
  }, 'completion')
  assert.equal(read(scenario).status?.completedIndexes, '0-2')
  assert.equal(read(scenario).status?.succeeded, 3)
})

test('job fails at its backoff limit and reports it', async () => {
  await using scenario = start({ backoffLimit: 0, parallelism: 2, completions: 2 })
  await scenario.until(() => scenario.api.all(pods).length === 2, 'two pods')
  const first = scenario.api.all(pods)[0]?.metadata.name ?? ''
  scenario.api.change(pods, 'ns', first, pod => {
    pod.status = { phase: 'Failed' }
  })
  await scenario.until(() => ended(scenario) === 'Failed', 'failure')
  const { status } = read(scenario)
  assert.equal(finishedCondition(read(scenario))?.reason, 'BackoffLimitExceeded')
  // The pod that still ran failed with the job.
  assert.equal(status?.failed, 2)
  assert.deepEqual(
    scenario.api.all(pods).map(({ metadata }) => metadata.name),
    [first],
  )
})

test('job that has succeeded by its policy counts no pod that it ended as failed', async () => {
  const rules = [{ succeededIndexes: '0' }]
  await using scenario = start({ completionMode: 'Indexed', parallelism: 2, completions: 2, successPolicy: { rules } })
  const { api } = scenario
  await scenario.until(() => api.all(pods).length === 2, 'two pods')
  const first = api.all(pods).find(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === '0')
  api.change(pods, 'ns', first?.metadata.name ?? '', pod => {
    pod.status = { phase: 'Succeeded' }
  })
  await scenario.until(() => ended(scenario) === 'Complete', 'completion')
  assert.deepEqual([read(scenario).status?.succeeded, read(scenario).status?.failed ?? 0], [1, 0])
})

test('job that is suspended loses its pods without a failure, and begins anew when resumed', async () => {
  await using scenario = start({ parallelism: 2, completions: 2 })
  await scenario.until(() => scenario.api.all(pods).length === 2, 'pods')
  scenario.api.change(jobs, 'ns', 'j', object => {
    object.spec.suspend = true
  })
  await scenario.until(() => scenario.api.all(pods).length === 0, 'no pods')
  const suspended = () => read(scenario).status?.conditions?.find(({ type }) => type === 'Suspended')
  await scenario.until(() => suspended()?.status === 'True', 'Suspended')
  assert.equal(read(scenario).status?.failed ?? 0, 0)
  const { startTime } = read(scenario).status ?? {}
  assert.ok(startTime)
  scenario.api.change(jobs, 'ns', 'j', object => {
    object.spec.suspend = false
  })
  await scenario.until(() => scenario.api.all(pods).length === 2 && suspended()?.status === 'False', 'resumed')
  assert.ok(read(scenario).status?.startTime)
})

test('job that is over ends a pod of its own that comes to light late, and takes up none of others', async () => {
  await using scenario = start({})
  const { api } = scenario
  await scenario.until(() => api.all(pods).length === 1, 'a pod')
  const [first] = api.all(pods)
  endPods(scenario, () => 'Succeeded')
  await scenario.until(() => ended(scenario) === 'Complete', 'completion')
  const { labels, ownerReferences } = first?.metadata ?? {}
  const late = { name: 'late', namespace: 'ns', labels, ownerReferences, finalizers: [jobTrackingFinalizer] }
  api.seed(pods, { metadata: { name: 'bare', namespace: 'ns', labels }, spec: { containers: [] }, status: { phase: 'Running' } })
  api.seed(pods, { metadata: late, spec: { containers: [] }, status: { phase: 'Running' } })
  await scenario.until(() => api.read(pods, 'ns', 'late') === undefined, 'its end')
  assert.equal(api.read(pods, 'ns', 'bare')?.metadata.ownerReferences, undefined)
})

test('a deleted job leaves no pod held by its finalizer', async () => {
  await using scenario = start({})
  await scenario.until(() => scenario.api.all(pods).length === 1, 'a pod')
  scenario.api.remove(jobs, 'ns', 'j')
  await scenario.until(() => scenario.api.all(pods).every(({ metadata }) => metadata.finalizers?.length === 0), 'finalizer off')
})

test('job counts a pod that it adopted', async () => {
  const { spec } = newJob()
  const labels = spec.selector?.matchLabels ?? {}
  await using scenario = startScenario({
    controllers: [job],
    prepare(api) {
      api.seed(jobs, newJob())
      api.seed(pods, { metadata: { name: 'found', namespace: 'ns', labels }, spec: { containers: [] }, status: { phase: 'Running' } })
    },
  })
  const found = () => scenario.api.read(pods, 'ns', 'found')
  await scenario.until(() => found()?.metadata.finalizers?.includes(jobTrackingFinalizer) === true, 'adoption')
  endPods(scenario, () => 'Succeeded')
  await scenario.until(() => ended(scenario) === 'Complete', 'completion')
  assert.equal(read(scenario).status?.succeeded, 1)
  assert.equal(scenario.api.all(pods).length, 1)
})

test('job lets go of a pod that lost its labels', async () => {
  await using scenario = start({})
  const { api } = scenario
  await scenario.until(() => api.all(pods).length === 1, 'a pod')
  const name = api.all(pods)[0]?.metadata.name ?? ''
  api.change(pods, 'ns', name, ({ metadata }) => {
    delete metadata.labels
  })
  await scenario.until(() => api.read(pods, 'ns', name)?.metadata.finalizers?.length === 0, 'finalizer off')
  // In one request, since nothing may process the pod once it has lost its owner.
  const { metadata: { uid } = {} } = api.read(pods, 'ns', name) ?? {}
  const ownerReferences = [{ $patch: 'delete', uid: 'job-uid' }]
  assert.deepEqual(api.requests.find(({ method }) => method === 'PATCH')?.body, {
    metadata: { uid, ownerReferences, '$deleteFromPrimitiveList/finalizers': [jobTrackingFinalizer] },
  })
})

const orphans: readonly { name: string; metadata: Pod['metadata']; spec?: Partial<JobSpec> }[] = [
  { name: 'that no label says to be of any', metadata: {} },
  {
    name: 'that is being deleted',
    metadata: { labels: newJob().spec.selector?.matchLabels ?? {}, deletionTimestamp: '2026-01-01T00:00:00Z' },
  },
  {
    name: 'that only a job of another controller would adopt',
    metadata: { labels: newJob().spec.selector?.matchLabels ?? {} },
    spec: { managedBy: 'example.com/other' },
  },
]
for (const { name, metadata, spec } of orphans) {
  test(`job frees a pod without a job ${name}`, async () => {
    await using scenario = startScenario({
      controllers: [job],
      prepare(api) {
        api.seed(jobs, newJob({ suspend: true, ...spec }))
        const own = { name: 'lost', namespace: 'ns', finalizers: [jobTrackingFinalizer, 'example.com/mine'] }
        api.seed(pods, { metadata: { ...metadata, ...own }, spec: { containers: [] } })
      },
    })
    const kept = () => scenario.api.read(pods, 'ns', 'lost')?.metadata.finalizers?.includes(jobTrackingFinalizer)
    await scenario.until(() => kept() === false, 'finalizer off')
  })
}

test('job without any optional field is run', async () => {
  const labels = { a: 'b' }
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } }
  const bare: Job = { metadata: { name: 'j', namespace: 'ns' }, spec }
  await using scenario = startScenario({ controllers: [job, ttlAfterFinished], prepare: api => void api.seed(jobs, bare) })
  await scenario.until(() => scenario.api.all(pods).length > 0, 'a pod')
})

test('job is deleted when its time to live has passed', async () => {
  const finished: Job = { ...newJob({ ttlSecondsAfterFinished: 0 }) }
  finished.status = { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' }] }
  await using scenario = startScenario({ controllers: [ttlAfterFinished], prepare: api => void api.seed(jobs, finished) })
  await scenario.until(() => read(scenario)?.metadata.deletionTimestamp !== undefined, 'deletion')
  assert.deepEqual(read(scenario).metadata.finalizers, ['foregroundDeletion'])
})
