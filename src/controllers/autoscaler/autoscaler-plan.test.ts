import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HorizontalPodAutoscalerSpec, MetricSpec } from '../../api/types/autoscaling-v2.ts'
import { formatTime } from '../../base/clock.ts'
import { autoscalerOf, cpuMetric, measured, now, podOf, situationOf } from './autoscaler.fixture.ts'
import { firstMemory } from './autoscaler-limits.ts'
import type { Reading } from './autoscaler-metrics.ts'
import { aimOf, planByMetrics, planWithoutMetrics, statusAfter } from './autoscaler-plan.ts'
import { type Selections, targetPods } from './autoscaler-selector.ts'

const tuning = { tolerance: 0.1, downscaleStabilizationMs: 300_000, timing: situationOf([]).timing }
const metric = { name: 'queue', selector: { matchLabels: { topic: 'orders' } } }
const described = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' }

function plan(metrics: readonly MetricSpec[], readings: readonly Reading[], spec: Partial<HorizontalPodAutoscalerSpec> = {}) {
  const pods = ['p0', 'p1'].map(name => podOf(name))
  const scale = { metadata: {}, spec: { replicas: 2 }, status: { replicas: 2, selector: 'app=web' } }
  const { spec: whole } = autoscalerOf({ metrics: [...metrics], ...spec })
  return planByMetrics(whole, { scale, pods, readings }, firstMemory(2, now), tuning)
}

const pods = (...amounts: number[]): Reading => ({ of: 'pods', metrics: measured(...amounts) })
const whole = (milli: bigint): Reading => ({ of: 'whole', milli })

const rows: readonly {
  readonly name: string
  readonly spec: MetricSpec
  readonly reading: Reading
  readonly replicas: number
  readonly metric: string
  readonly status: object
}[] = [
  {
    name: 'utilization of a resource',
    spec: cpuMetric(50),
    reading: pods(100, 100),
    replicas: 4,
    metric: 'cpu resource utilization (percentage of request)',
    status: { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '100m' } } },
  },
  {
    name: 'usage of a resource',
    spec: { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1k' } } },
    reading: pods(2_000_000, 2_000_000),
    replicas: 4,
    metric: 'memory resource',
    status: { type: 'Resource', resource: { name: 'memory', current: { averageValue: '2k' } } },
  },
  {
    name: 'utilization of a container',
    spec: {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'app', target: { type: 'Utilization', averageUtilization: 50 } },
    },
    reading: pods(100, 50),
    replicas: 3,
    metric: 'cpu container resource utilization (percentage of request)',
    status: {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'app', current: { averageUtilization: 75, averageValue: '75m' } },
    },
  },
  {
    name: 'a metric of pods',
    spec: { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '10' } } },
    reading: pods(20_000, 10_000),
    replicas: 3,
    metric: 'pods metric queue',
    status: { type: 'Pods', pods: { metric, current: { averageValue: '15' } } },
  },
  {
    name: 'a value of an object',
    spec: { type: 'Object', object: { metric, describedObject: described, target: { type: 'Value', value: '10' } } },
    reading: whole(20_000n),
    replicas: 4,
    metric: 'Ingress metric queue',
    status: { type: 'Object', object: { metric, describedObject: described, current: { value: '20' } } },
  },
  {
    name: 'a share of an object',
    spec: { type: 'Object', object: { metric, describedObject: described, target: { type: 'AverageValue', averageValue: '5' } } },
    reading: whole(20_000n),
    replicas: 4,
    metric:
      'external metric queue(&LabelSelector{MatchLabels:map[string]string{topic: orders,},MatchExpressions:[]LabelSelectorRequirement{},})',
    status: { type: 'Object', object: { metric, describedObject: described, current: { averageValue: '10' } } },
  },
  {
    name: 'a value from outside',
    spec: { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } } },
    reading: whole(15_000n),
    replicas: 3,
    metric: 'external metric queue(nil)',
    status: { type: 'External', external: { metric: { name: 'queue' }, current: { value: '15' } } },
  },
  {
    name: 'a share from outside',
    spec: { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } } },
    reading: whole(16_000n),
    replicas: 4,
    metric: 'external metric queue(nil)',
    status: { type: 'External', external: { metric: { name: 'queue' }, current: { averageValue: '8' } } },
  },
]
for (const { name, spec, reading, replicas, metric: text, status } of rows) {
  test(`planByMetrics() follows ${name}`, () => {
    const found = plan([spec], [reading])
    assert.deepEqual([found.replicas, found.reason, found.metrics, found.events], [replicas, `${text} above target`, [status], []])
    const message = `the HPA was able to successfully calculate a replica count from ${text}`
    assert.deepEqual(found.conditions.get('ScalingActive'), { status: 'True', reason: 'ValidMetricFound', message })
  })
}

const failures: readonly {
  readonly name: string
  readonly spec: MetricSpec
  readonly reason: string
  readonly why: string
  readonly error: string
}[] = [
  {
    name: 'a resource',
    spec: cpuMetric(50),
    reason: 'FailedGetResourceMetric',
    why: 'failed to get cpu utilization: gone',
    error: 'failed to get cpu resource metric value: failed to get cpu utilization: gone',
  },
  {
    name: 'a container',
    spec: {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'app', target: { type: 'AverageValue', averageValue: '1' } },
    },
    reason: 'FailedGetContainerResourceMetric',
    why: 'failed to get cpu usage: gone',
    error: 'failed to get app container metric value: failed to get cpu usage: gone',
  },
  {
    name: 'pods',
    spec: { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '10' } } },
    reason: 'FailedGetPodsMetric',
    why: 'gone',
    error: 'failed to get pods metric value: gone',
  },
  {
    name: 'an object',
    spec: { type: 'Object', object: { metric, describedObject: described, target: { type: 'Value', value: '10' } } },
    reason: 'FailedGetObjectMetric',
    why: 'gone',
    error: 'failed to get object metric value: gone',
  },
  {
    name: 'outside',
    spec: { type: 'External', external: { metric, target: { type: 'Value', value: '10' } } },
    reason: 'FailedGetExternalMetric',
    why: 'gone',
    error: 'failed to get queue external metric value: failed to get external metric queue: gone',
  },
  {
    name: 'a resource without any target',
    spec: { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } },
    reason: 'FailedGetResourceMetric',
    why: 'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    error:
      'failed to get cpu resource metric value: invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
  },
  {
    name: 'a source that is unknown',
    spec: { type: 'Wind' },
    reason: 'InvalidMetricSourceType',
    why: 'unknown metric source type "Wind"',
    error: 'unknown metric source type "Wind"',
  },
]
for (const { name, spec, reason, why, error } of failures) {
  test(`planByMetrics() keeps the target's size when the metric of ${name} is missing, and reports it`, () => {
    const found = plan([spec], [{ of: 'nothing', why: 'gone' }])
    assert.equal(found.replicas, undefined)
    const message = `the HPA was unable to compute the replica count: ${why}`
    assert.deepEqual(found.conditions.get('ScalingActive'), { status: 'False', reason, message })
    assert.deepEqual(found.events, [
      { type: 'Warning', reason, message: why },
      {
        ...{ type: 'Warning', reason: 'FailedComputeMetricsReplicas' },
        message: `invalid metrics (1 invalid out of 1), first error is: ${error}`,
      },
    ])
    assert.deepEqual(found.metrics, [{ type: '' }])
  })
}

test('planByMetrics() follows the metric with the highest recommendation', () => {
  const external: MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } } }
  const found = plan([cpuMetric(50), external], [pods(75, 75), whole(20_000n)])
  assert.deepEqual([found.replicas, found.reason], [4, 'external metric queue(nil) above target'])
})

test('planByMetrics() scales up on some of the metrics, but never down', () => {
  const external: MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } } }
  const gone: Reading = { of: 'nothing', why: 'gone' }
  const up = plan([external, cpuMetric(50)], [gone, pods(100, 100)])
  assert.deepEqual([up.replicas, up.conditions.get('ScalingActive')?.status], [4, 'True'])
  assert.deepEqual(
    up.events.map(({ reason }) => reason),
    ['FailedGetExternalMetric'],
  )
  const down = plan([external, cpuMetric(50)], [gone, pods(1, 1)], { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })
  assert.deepEqual([down.replicas, down.conditions.get('ScalingActive')?.reason], [undefined, 'FailedGetExternalMetric'])
  assert.match(down.events.at(-1)?.message ?? '', /^invalid metrics \(1 invalid out of 2\), first error is: failed to get queue external/)
})

test('planByMetrics() keeps the highest replicas of five minutes before it scales down', () => {
  const held = plan([cpuMetric(50)], [pods(1, 1)])
  assert.deepEqual([held.replicas, held.conditions.get('AbleToScale')?.reason], [2, 'ScaleDownStabilized'])
  const free = plan([cpuMetric(50)], [pods(1, 1)], { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })
  assert.deepEqual([free.replicas, free.reason], [1, 'All metrics below target'])
})

test('aimOf() lets metrics decide only between the bounds of the spec', () => {
  const { spec } = autoscalerOf({ minReplicas: 2, maxReplicas: 4 })
  const aims = [0, 1, 2, 4, 5].map(current => aimOf(spec, current))
  assert.deepEqual(
    aims.map(({ by }) => by),
    ['nobody', 'bounds', 'metrics', 'metrics', 'bounds'],
  )
  const planned = aims.map(aim => (aim.by === 'metrics' ? undefined : planWithoutMetrics(aim, firstMemory(0, now))))
  assert.deepEqual(
    planned.map(each => each && [each.replicas, each.reason]),
    [
      [0, ''],
      [2, 'Current number of replicas below Spec.MinReplicas'],
      undefined,
      undefined,
      [4, 'Current number of replicas above Spec.MaxReplicas'],
    ],
  )
  assert.equal(planned[0]?.conditions.get('ScalingActive')?.reason, 'ScalingDisabled')
})

test('targetPods() rejects a selector that is missing, invalid, or shared with another autoscaler', () => {
  const all = [podOf('p0'), { ...podOf('p1'), metadata: { name: 'p1', labels: { app: 'other' } } }]
  const others: Selections = new Map()
  const said = (name: string, text: string) => {
    const found = targetPods(name, 'shop', text, all, others)
    return found.usable
      ? found.pods.map(({ metadata }) => metadata.name)
      : [found.event.reason, found.verdict.reason, found.verdict.message]
  }
  assert.deepEqual(said('a', ''), ['SelectorRequired', 'InvalidSelector', "the HPA target's scale is missing a selector"])
  assert.equal(said('a', 'app in')[0], 'InvalidSelector')
  assert.deepEqual(said('a', 'app=web'), ['p0'])
  assert.deepEqual(said('b', 'app=other'), ['p1'])
  const message = 'pods by selector app are controlled by multiple HPAs: [{a shop} {b shop}]'
  assert.deepEqual(said('b', 'app'), ['AmbiguousSelector', 'AmbiguousSelector', message])
})

test('statusAfter() keeps the time of an unchanged condition, and conditions that were not set', () => {
  const autoscaler = autoscalerOf()
  const able = (reason: string, at: number) => ({
    conditions: new Map([['AbleToScale', { status: 'True', reason, message: '' }]] as const),
    ...{ now: at, current: 2, metrics: null, desired: 3, rescaled: reason === 'SucceededRescale' },
  })
  const first = statusAfter(autoscaler, able('SucceededRescale', now))
  assert.deepEqual([first.lastScaleTime, first.observedGeneration, first.desiredReplicas], [formatTime(now), 1, 3])
  const second = statusAfter({ ...autoscaler, status: first }, able('ReadyForNewScale', now + 60_000))
  assert.deepEqual([second.lastScaleTime, second.conditions?.[0]?.lastTransitionTime], [formatTime(now), formatTime(now)])
  const failed = { status: 'False', reason: 'FailedGetScale', message: '' } as const
  const third = statusAfter({ ...autoscaler, status: second }, { conditions: new Map([['AbleToScale', failed]]), now: now + 120_000 })
  assert.equal(third.conditions?.[0]?.lastTransitionTime, formatTime(now + 120_000))
  assert.deepEqual([third.desiredReplicas, third.currentReplicas], [3, 2])
})
