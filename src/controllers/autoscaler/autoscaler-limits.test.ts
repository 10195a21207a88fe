import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HorizontalPodAutoscalerBehavior, HPAScalingRules } from '../../api/types/autoscaling-v2.ts'
import { now } from './autoscaler.fixture.ts'
import { type AutoscalerMemory, firstMemory, limitReplicas, maxRemembered, rememberRescale } from './autoscaler-limits.ts'

const options = { now, downscaleStabilizationMs: 300_000 }
const percent: HPAScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] }
const behaviorOf = (scaleUp: HPAScalingRules = {}, scaleDown: HPAScalingRules = {}): HorizontalPodAutoscalerBehavior => ({
  scaleUp: { ...percent, stabilizationWindowSeconds: 0, ...scaleUp },
  scaleDown: { ...percent, stabilizationWindowSeconds: 0, ...scaleDown },
})
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds })
const share = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds })
const recommended = (...entries: readonly (readonly [replicas: number, secondsAgo: number])[]): AutoscalerMemory => ({
  recommendations: entries.map(([replicas, seconds]) => ({ replicas, at: now - seconds * 1000 })),
  scaledUp: [],
  scaledDown: [],
})
const rescaled = (up: readonly (readonly [number, number])[], down: readonly (readonly [number, number])[] = []): AutoscalerMemory => ({
  recommendations: [],
  scaledUp: up.map(([change, seconds]) => ({ change, at: now - seconds * 1000 })),
  scaledDown: down.map(([change, seconds]) => ({ change, at: now - seconds * 1000 })),
})

const rows: readonly {
  readonly name: string
  readonly behavior?: HorizontalPodAutoscalerBehavior
  readonly memory?: AutoscalerMemory
  readonly current: number
  readonly wanted: number
  readonly bounds?: readonly [number, number]
  readonly result: number
  readonly able: string
  readonly limited: string
}[] = [
  { name: 'what is wanted', current: 3, wanted: 5, result: 5, able: 'ReadyForNewScale', limited: 'False DesiredWithinRange' },
  { name: 'no more than twice', current: 3, wanted: 9, result: 6, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  { name: 'four at least', current: 1, wanted: 9, result: 4, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  { name: 'no more than the maximum', current: 8, wanted: 90, result: 10, able: 'ReadyForNewScale', limited: 'True TooManyReplicas' },
  { name: 'no less than the minimum', current: 3, wanted: 0, result: 1, able: 'ReadyForNewScale', limited: 'True TooFewReplicas' },
  {
    name: 'the highest of the last five minutes',
    memory: recommended([9, 301], [7, 300], [4, 10]),
    ...{ current: 8, wanted: 2, result: 7, able: 'ScaleDownStabilized', limited: 'False DesiredWithinRange' },
  },
  {
    name: 'a policy in pods',
    behavior: behaviorOf({ policies: [pods(2)] }),
    ...{ current: 3, wanted: 9, result: 5, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'a policy in pods, part of which was used up in its period',
    behavior: behaviorOf({ policies: [pods(5)] }),
    memory: rescaled([
      [3, 59],
      [2, 61],
    ]),
    ...{ current: 6, wanted: 10, result: 8, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'scaling down in the period gives room for up',
    behavior: behaviorOf({ policies: [pods(1)] }),
    memory: rescaled([], [[2, 30]]),
    ...{ current: 3, wanted: 9, result: 6, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'what was used up already takes nothing away',
    behavior: behaviorOf({ policies: [pods(1)] }),
    memory: rescaled([[4, 10]]),
    ...{ current: 6, wanted: 9, result: 6, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'a share grows by one at least',
    behavior: behaviorOf({ policies: [share(1)] }),
    ...{ current: 3, wanted: 9, result: 4, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'the policy that allows most',
    behavior: behaviorOf({ policies: [pods(1), share(100)] }),
    ...{ current: 4, wanted: 10, result: 8, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'the policy that allows least',
    behavior: behaviorOf({ selectPolicy: 'Min', policies: [pods(1), share(100)] }),
    ...{ current: 4, wanted: 10, result: 5, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'nothing up where that is disabled',
    behavior: behaviorOf({ selectPolicy: 'Disabled' }),
    ...{ current: 4, wanted: 10, result: 4, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
  },
  {
    name: 'nothing down where that is disabled',
    behavior: behaviorOf({}, { selectPolicy: 'Disabled' }),
    ...{ current: 4, wanted: 1, result: 4, able: 'ReadyForNewScale', limited: 'True ScaleDownLimit' },
  },
  {
    name: 'the policy that takes most away',
    behavior: behaviorOf({}, { policies: [pods(1), share(50)] }),
    ...{ current: 8, wanted: 1, result: 4, able: 'ReadyForNewScale', limited: 'True ScaleDownLimit' },
  },
  {
    name: 'the policy that takes least away',
    behavior: behaviorOf({}, { selectPolicy: 'Min', policies: [pods(1), share(50)] }),
    ...{ current: 8, wanted: 1, result: 7, able: 'ReadyForNewScale', limited: 'True ScaleDownLimit' },
  },
  {
    name: 'the minimum before the policy',
    behavior: behaviorOf({}, { policies: [share(90)] }),
    bounds: [3, 10],
    ...{ current: 8, wanted: 1, result: 3, able: 'ReadyForNewScale', limited: 'True TooFewReplicas' },
  },
  {
    name: 'the maximum before the policy',
    behavior: behaviorOf({ policies: [share(900)] }),
    ...{ current: 8, wanted: 20, result: 10, able: 'ReadyForNewScale', limited: 'True TooManyReplicas' },
  },
  {
    name: 'the lowest of a window up',
    behavior: behaviorOf({ stabilizationWindowSeconds: 60 }),
    memory: recommended([1, 61], [4, 59]),
    ...{ current: 3, wanted: 6, result: 4, able: 'ScaleUpStabilized', limited: 'False DesiredWithinRange' },
  },
  {
    name: 'the highest of a window down',
    behavior: behaviorOf({}, { stabilizationWindowSeconds: 60 }),
    memory: recommended([9, 61], [5, 59]),
    ...{ current: 8, wanted: 2, result: 5, able: 'ScaleDownStabilized', limited: 'False DesiredWithinRange' },
  },
  {
    name: 'five minutes down where the behavior says nothing of it',
    behavior: { scaleUp: percent, scaleDown: percent },
    memory: recommended([7, 299]),
    ...{ current: 8, wanted: 2, result: 7, able: 'ScaleDownStabilized', limited: 'False DesiredWithinRange' },
  },
  {
    name: 'what is wanted, by a behavior without any rule',
    behavior: {},
    ...{ current: 2, wanted: 9, result: 9, able: 'ReadyForNewScale', limited: 'False DesiredWithinRange' },
  },
]
for (const { name, behavior, memory = recommended(), current, wanted, bounds = [1, 10], result, able, limited } of rows) {
  test(`limitReplicas() returns ${name}`, () => {
    const spec = { minReplicas: bounds[0], maxReplicas: bounds[1], ...(behavior === undefined ? {} : { behavior }) }
    const found = limitReplicas(spec, memory, current, wanted, options)
    const { status, reason } = found.scalingLimited
    assert.deepEqual([found.replicas, found.ableToScale.reason, `${status} ${reason}`], [result, able, limited])
    assert.deepEqual(found.memory.recommendations.at(-1), { replicas: wanted, at: now })
  })
}

test('limitReplicas() drops entries older than every window, and limits their number', () => {
  const spec = { minReplicas: 1, maxReplicas: 10 }
  const { memory } = limitReplicas(spec, recommended([3, 301], [4, 299]), 3, 3, options)
  assert.deepEqual(
    memory.recommendations.map(({ replicas }) => replicas),
    [4, 3],
  )
  const full: AutoscalerMemory = { ...memory, recommendations: Array.from({ length: maxRemembered }, () => ({ replicas: 2, at: now })) }
  assert.equal(limitReplicas(spec, full, 3, 3, options).memory.recommendations.length, maxRemembered)
})

test('rememberRescale() keeps what the longest policy needs, by direction, and nothing without a behavior', () => {
  const behavior = behaviorOf({ policies: [pods(1, 30), pods(1, 60)] })
  const memory = rescaled([
    [1, 61],
    [2, 59],
  ])
  const up = rememberRescale(behavior, memory, 3, 6, now)
  assert.deepEqual(
    up.scaledUp.map(({ change }) => change),
    [2, 3],
  )
  const down = rememberRescale(behavior, up, 6, 2, now)
  assert.deepEqual([down.scaledUp.length, down.scaledDown], [2, [{ change: 4, at: now }]])
  assert.equal(rememberRescale(undefined, memory, 3, 6, now), memory)
  assert.deepEqual(firstMemory(3, now).recommendations, [{ replicas: 3, at: now }])
})
