// Objects without their optional fields must not stop a controller (CVE-2024-0793).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DaemonSet, StatefulSet } from '../api/types/apps-v1.ts'
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec } from '../api/types/autoscaling-v2.ts'
import type { CronJob, Job, JobCondition } from '../api/types/batch-v1.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../api/types/policy-v1.ts'
import { firstMemory, rememberRescale } from './autoscaler/autoscaler-limits.ts'
import { aimOf, planByMetrics, planWithoutMetrics, statusAfter } from './autoscaler/autoscaler-plan.ts'
import { planNodes, planStatus, planUpdate } from './daemonsets/daemon-plan.ts'
import { disruptedPods, expectedPods, failSafe, planBudget } from './disruption/disruption-plan.ts'
import { dueTime, jobOf, planHistory } from './jobs/cron-plan.ts'
import { parseSchedule } from './jobs/cron-times.ts'
import { exited, newJob, podOf } from './jobs/job.fixture.ts'
import { noFailures, recordFinished } from './jobs/job-backoff.ts'
import { planJob } from './jobs/job-plan.ts'
import { countJob } from './jobs/job-state.ts'
import { finish, planTracking, settle } from './jobs/job-tracking.ts'
import { completed, decide } from './jobs/job-verdict.ts'
import { untilExpiry } from './jobs/ttl-after-finished.ts'
import { planStatefulSet, planStatus as statefulStatus } from './statefulsets/stateful-plan.ts'

const now = Date.UTC(2026, 0, 1)
const runs = 2_000

const conditions = fc.constantFrom<JobCondition[] | undefined>(
  undefined,
  [{ type: 'Complete', status: 'True' }],
  [{ type: 'Failed', status: 'True' }],
  [{ type: 'FailureTarget', status: 'True' }],
)
const count = fc.constantFrom(undefined, 0, 1, 3)
const maybe = <T>(...values: T[]) => fc.constantFrom<T | undefined>(undefined, ...values)
/** An object in which any optional part may be absent. */
const parts = (model: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(model).map(made => Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)))

const jobSpecs = parts({
  parallelism: count,
  completions: count,
  backoffLimit: count,
  backoffLimitPerIndex: count,
  maxFailedIndexes: count,
  activeDeadlineSeconds: count,
  ttlSecondsAfterFinished: count,
  completionMode: maybe('Indexed', 'NonIndexed'),
  suspend: maybe(true, false),
  podReplacementPolicy: maybe('Failed', 'TerminatingOrFailed'),
  podFailurePolicy: maybe(
    { rules: [] },
    { rules: [{ action: 'FailJob' }] },
    { rules: [{ action: 'FailIndex', onPodConditions: [{ type: 'X' }] }] },
  ),
  successPolicy: maybe({ rules: [] }, { rules: [{}] }, { rules: [{ succeededCount: 1 }] }),
})
const jobStatuses = parts({
  conditions,
  startTime: maybe('2025-12-31T00:00:00Z', 'x'),
  uncountedTerminatedPods: maybe({}, { failed: ['a'] }),
  failedIndexes: maybe('0', '-'),
})

test('plans of Jobs accept any absent part', () => {
  fc.assert(
    fc.property(jobSpecs, fc.option(jobStatuses, { nil: undefined }), fc.boolean(), (spec, status, bare) => {
      const full = newJob()
      const base: Job = { ...full, spec: { selector: { matchLabels: {} }, template: full.spec.template, ...spec } }
      const job: Job = status === undefined ? base : { ...base, status }
      const pods: Pod[] = [podOf(job, 'a', 'Running', 0), exited(podOf(job, 'b', 'Failed', 1), 1, now), podOf(job, 'c', 'Succeeded')]
      const state = countJob(job, bare ? pods.map(({ status: _, ...pod }) => pod) : pods, new Set())
      const verdict = decide(job, state, now) ?? completed(job, state.succeeded, state.active.length)
      const backoff = recordFinished(noFailures, state.newSucceeded, state.newFailed)
      const plan = planJob(job, state, backoff, now)
      assert.ok(plan.create.length <= 500)
      const settled = settle(planTracking(job, job.status ?? {}, state, verdict).status, () => false)
      if (verdict !== undefined) finish(settled, verdict, now)
      untilExpiry(job, now)
    }),
    { numRuns: runs },
  )
})

test('plans of CronJobs accept any absent part', () => {
  const specs = parts({
    startingDeadlineSeconds: count,
    successfulJobsHistoryLimit: count,
    failedJobsHistoryLimit: count,
    timeZone: maybe('UTC'),
  })
  const statuses = parts({ lastScheduleTime: maybe('2025-12-31T00:00:00Z', 'x') })
  fc.assert(
    fc.property(
      specs,
      fc.option(statuses, { nil: undefined }),
      maybe('2025-12-30T00:00:00Z'),
      conditions,
      (spec, status, created, given) => {
        const jobTemplate = { spec: { template: { spec: { containers: [] } } } }
        const object: CronJob = {
          metadata: { name: 'c', ...(created === undefined ? {} : { creationTimestamp: created }) },
          spec: { schedule: '0 * * * *', jobTemplate, ...spec },
          ...(status === undefined ? {} : { status }),
        }
        const { time } = dueTime(object, parseSchedule('0 * * * *', 'UTC'), now)
        if (time !== undefined) jobOf(object, time)
        planHistory(object, [
          { metadata: { name: 'j' }, ...jobTemplate, ...(given === undefined ? {} : { status: { conditions: given } }) },
        ])
      },
    ),
    { numRuns: runs },
  )
})

test('plans of DaemonSets and StatefulSets accept any absent part', () => {
  const specs = parts({
    replicas: count,
    minReadySeconds: count,
    podManagementPolicy: maybe('Parallel'),
    ordinals: maybe({}, { start: 1 }),
    persistentVolumeClaimRetentionPolicy: maybe({}),
    updateStrategy: maybe(
      {},
      { type: 'OnDelete' },
      { rollingUpdate: {} },
      { rollingUpdate: { maxSurge: 1 } },
      { rollingUpdate: { maxUnavailable: 'x' } },
    ),
  })
  fc.assert(
    fc.property(specs, maybe({}, { phase: 'Running' }, { phase: 'Failed' }), (spec, status) => {
      const template = { spec: { containers: [] } }
      const pods: Pod[] = [
        { metadata: { name: 's-0' }, spec: { containers: [] }, ...(status === undefined ? {} : { status }) },
        { metadata: {}, spec: { containers: [], nodeName: 'n' } },
      ]
      const nodes: Node[] = [
        { metadata: { name: 'n' }, spec: {} },
        { metadata: {}, spec: {} },
      ]
      const daemons: DaemonSet = { metadata: {}, spec: { template, ...spec } }
      const view = { set: daemons, hash: 'h', nodes, pods, now }
      planNodes(view)
      planUpdate(view)
      planStatus(view, undefined, 0)
      const set: StatefulSet = { metadata: { name: 's' }, spec: { template, serviceName: '', ...spec } }
      const stateful = { set, pods, currentRevision: '', updateRevision: 'u', now }
      planStatefulSet(stateful)
      statefulStatus(stateful, undefined, [])
    }),
    { numRuns: runs },
  )
})

test('plans of PodDisruptionBudgets accept any absent part', () => {
  const specs = parts({
    minAvailable: maybe<number | string>(1, '50%', 'x'),
    maxUnavailable: maybe<number | string>(1, '50%', 'x'),
    selector: maybe({}),
  })
  const statuses = parts({ disruptedPods: maybe({}, { p: 'x' }), conditions: maybe([]) })
  fc.assert(
    fc.property(specs, fc.option(statuses, { nil: undefined }), count, (spec, status, scale) => {
      const counts = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
      const budget: PodDisruptionBudget = { metadata: {}, spec, ...(status === undefined ? {} : { status: { ...counts, ...status } }) }
      const pods: Pod[] = [
        { metadata: { name: 'p' }, spec: { containers: [] } },
        { metadata: {}, spec: { containers: [] }, status: {} },
      ]
      const { disruptedPods: disrupted } = disruptedPods(budget, pods, now)
      const planned = planBudget(budget, pods, expectedPods(budget, pods, scale ?? 0), disrupted, now)
      assert.ok(planned.disruptionsAllowed >= 0)
      failSafe(budget, 'x', now)
    }),
    { numRuns: runs },
  )
})

test('CVE-2024-0793: plans of HorizontalPodAutoscalers accept any absent part', () => {
  const rules = maybe(
    {},
    { policies: [] },
    { selectPolicy: 'Min', policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] },
    { selectPolicy: 'Disabled' },
    { stabilizationWindowSeconds: 60 },
  )
  const targets = maybe({ type: 'Utilization' }, { type: 'AverageValue', averageValue: '1' }, { type: 'Value', value: '1' })
  const metric = { name: 'm' }
  const sources: fc.Arbitrary<MetricSpec> = fc
    .tuple(fc.constantFrom('Resource', 'ContainerResource', 'Pods', 'Object', 'External', ''), targets)
    .map(([type, target = { type: '' }]) => {
      const whole: Required<Omit<MetricSpec, 'type'>> = {
        resource: { name: 'cpu', target },
        containerResource: { name: 'cpu', container: 'c', target },
        pods: { metric, target },
        object: { metric, describedObject: { kind: 'K', name: 'n' }, target },
        external: { metric, target },
      }
      return target.type === '' ? { type } : { type, ...whole }
    })
  const specs = parts({
    minReplicas: count,
    metrics: fc.option(fc.array(sources), { nil: undefined }),
    behavior: fc.option(parts({ scaleUp: rules, scaleDown: rules }), { nil: undefined }),
  })
  const pods: Pod[] = [
    { metadata: { name: 'p' }, spec: { containers: [] } },
    { metadata: {}, spec: { containers: [{ name: 'c' }] }, status: {} },
  ]
  const metrics = new Map([['p', { milli: 5n, at: now, windowMs: 0 }]])
  fc.assert(
    fc.property(specs, count, fc.boolean(), fc.boolean(), (given, replicas, whole, bare) => {
      const spec: HorizontalPodAutoscalerSpec = { scaleTargetRef: { kind: 'K', name: 'n' }, maxReplicas: 2, ...given }
      const scale = { metadata: {}, spec: replicas === undefined ? {} : { replicas }, ...(bare ? {} : { status: { replicas: 1 } }) }
      const autoscaler: HorizontalPodAutoscaler = { metadata: {}, spec }
      const memory = firstMemory(1, now)
      const aim = aimOf(spec, replicas ?? 0)
      const timing = { now, cpuInitializationMs: 1, initialReadinessDelayMs: 1 }
      const tuning = { tolerance: 0.1, downscaleStabilizationMs: 1, timing }
      const reading = whole ? ({ of: 'whole', milli: 5n } as const) : ({ of: 'pods', metrics } as const)
      const readings = (spec.metrics ?? []).map(() => reading)
      const plan = aim.by === 'metrics' ? planByMetrics(spec, { scale, pods, readings }, memory, tuning) : planWithoutMetrics(aim, memory)
      if (plan.replicas !== undefined) assert.ok(Number.isInteger(plan.replicas) && plan.replicas >= 0, String(plan.replicas))
      rememberRescale(spec.behavior, plan.memory, 1, plan.replicas ?? 0, now)
      statusAfter(autoscaler, { conditions: plan.conditions, now })
    }),
    { numRuns: runs },
  )
})
