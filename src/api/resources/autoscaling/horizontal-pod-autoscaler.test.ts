import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../types/autoscaling-v1.ts'
import type { HorizontalPodAutoscaler, MetricSpec } from '../../types/autoscaling-v2.ts'
import { row, validateNew, validateSubresource, validateUpdate } from '../core/new-object.fixture.ts'
import { fromV2, toV2 } from './convert-autoscaler.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscalerV1 } from './horizontal-pod-autoscaler-v1.ts'

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const newAutoscaler = (spec: Partial<HorizontalPodAutoscaler['spec']> = {}): HorizontalPodAutoscaler => ({
  metadata: { name: 'web' },
  spec: { scaleTargetRef, maxReplicas: 5, ...spec },
})
const cpu: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
const pods: MetricSpec = { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '10' } } }

test('horizontalPodAutoscaler targets 80% of CPU by default', () => {
  const { object, errors } = validateNew(horizontalPodAutoscaler, newAutoscaler({ behavior: { scaleDown: {} } }))
  assert.deepEqual(errors, [])
  assert.equal(object.spec.minReplicas, 1)
  assert.equal(object.spec.metrics?.[0]?.resource?.target.averageUtilization, 80)
  assert.deepEqual(object.spec.behavior?.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  })
  assert.equal(object.spec.behavior?.scaleUp?.policies?.length, 2)
})

const target = 'spec.metrics[0].resource.target'
const refusals: { name: string; spec: Partial<HorizontalPodAutoscaler['spec']>; fields: string[] }[] = [
  {
    name: 'no replica where only pods are measured',
    spec: { minReplicas: 0, metrics: [pods] },
    fields: ['spec.minReplicas', 'spec.metrics'],
  },
  {
    name: 'no replica, whatever is measured elsewhere',
    spec: { minReplicas: 0, metrics: [{ type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '3' } } }] },
    fields: ['spec.minReplicas'],
  },
  {
    name: 'an unknown source, twice as upstream',
    spec: { metrics: [{ ...pods, type: 'Cows' }] },
    fields: ['spec.metrics[0].type', 'spec.metrics[0].type'],
  },
  {
    name: 'less than nothing of pods',
    spec: { metrics: [{ type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '-1' } } }] },
    fields: ['spec.metrics[0].pods.target.averageValue'],
  },
  {
    name: 'a target of nothing, in the order of upstream',
    spec: {
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Value', value: '0', averageValue: '0', averageUtilization: 0 } } },
      ],
    },
    fields: [`${target}.value`, `${target}.averageValue`, `${target}.averageUtilization`, `${target}.averageValue`],
  },
  {
    name: 'a container without a name of either',
    spec: {
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: { name: '', container: '', target: { type: 'Utilization', averageUtilization: 9 } },
        },
      ],
    },
    fields: ['spec.metrics[0].containerResource.name', 'spec.metrics[0].containerResource.container'],
  },
  { name: 'more at least than at most', spec: { minReplicas: 6 }, fields: ['spec.maxReplicas'] },
  {
    name: 'nothing to scale',
    spec: { scaleTargetRef: { kind: '', name: '' } },
    fields: ['spec.scaleTargetRef.kind', 'spec.scaleTargetRef.name'],
  },
  { name: 'two sources in one metric', spec: { metrics: [{ ...cpu, ...pods, type: 'Pods' }] }, fields: ['spec.metrics[0].resource'] },
  { name: 'a source that is missing', spec: { metrics: [{ type: 'Pods' }] }, fields: ['spec.metrics[0].pods'] },
  {
    name: 'a container whose resource and name cannot be',
    spec: {
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: { name: 'pods', container: 'C', target: { type: 'Utilization', averageUtilization: 9 } },
        },
      ],
    },
    fields: ['spec.metrics[0].containerResource.name', 'spec.metrics[0].containerResource.container'],
  },
  { name: 'rules without a policy', spec: { behavior: { scaleUp: { policies: [] } } }, fields: ['spec.behavior.scaleUp.policies'] },
  {
    name: 'an endless period',
    spec: { behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1801 }] } } },
    fields: ['spec.behavior.scaleUp.policies[0].periodSeconds'],
  },
]
for (const { name, spec, fields } of refusals) {
  test(`horizontalPodAutoscaler rejects ${name}`, () => {
    assert.deepEqual(validateNew(horizontalPodAutoscaler, newAutoscaler(spec)).fields, fields)
  })
}

const full: HorizontalPodAutoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', annotations: { own: 'kept' } },
  spec: {
    scaleTargetRef,
    maxReplicas: 5,
    metrics: [
      pods,
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Service', name: 's' },
          target: { type: 'AverageValue', value: '1', averageValue: '2' },
          metric: { name: 'm', selector: { matchLabels: { a: 'b' } } },
        },
      },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 9 }, container: 'c' },
      },
      { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '30' } } },
      cpu,
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 9, policies: [{ type: 'Pods', value: 1, periodSeconds: 2 }] } },
  },
  status: {
    desiredReplicas: 2,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '40m', averageUtilization: 41 } } },
      { type: 'Pods', pods: { metric: { name: 'rps' }, current: { averageValue: '3' } } },
      {
        type: 'Object',
        object: { metric: { name: 'm' }, current: { value: '1' }, describedObject: { kind: 'Service', name: 's' } },
      },
      { type: 'External', external: { metric: { name: 'q' }, current: { value: '1', averageValue: '2' } } },
    ],
    conditions: [{ type: 'ScalingActive', status: 'True', lastTransitionTime: null, message: 'a < b' }],
  },
}

test('toV2() and fromV2() lose nothing in a round trip through v1', () => {
  assert.deepEqual(toV2(fromV2(structuredClone(full))), full)
})

test("fromV2() writes upstream's annotations", () => {
  const { metadata, spec, status } = fromV2(structuredClone(full))
  assert.deepEqual([spec.targetCPUUtilizationPercentage, status?.currentCPUUtilizationPercentage], [50, 41])
  const prefix = 'autoscaling.alpha.kubernetes.io/'
  assert.deepEqual(JSON.parse(metadata.annotations?.[`${prefix}metrics`] ?? ''), [
    { type: 'Pods', pods: { metricName: 'rps', targetAverageValue: '10' } },
    {
      type: 'Object',
      object: {
        target: { kind: 'Service', name: 's' },
        metricName: 'm',
        targetValue: '1',
        selector: { matchLabels: { a: 'b' } },
        averageValue: '2',
      },
    },
    { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
    { type: 'ContainerResource', containerResource: { name: 'cpu', targetAverageUtilization: 9, container: 'c' } },
    { type: 'External', external: { metricName: 'q', targetValue: '30' } },
  ])
  assert.equal(
    metadata.annotations?.[`${prefix}behavior`],
    '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":9,"SelectPolicy":null,"Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":2}],"Tolerance":null}}',
  )
  assert.equal(
    metadata.annotations?.[`${prefix}conditions`],
    String.raw`[{"type":"ScalingActive","status":"True","lastTransitionTime":null,"message":"a \u003c b"}]`,
  )
})

const spoiled: { name: string; json: string }[] = [
  { name: 'no JSON', json: '[' },
  { name: 'null', json: 'null' },
  { name: 'a list of nothing', json: '[null]' },
  { name: 'a number for a name', json: '[{"type":7}]' },
  { name: 'a text for a source', json: '[{"type":"Pods","pods":"x"}]' },
  { name: 'an invalid amount', json: '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"much"}}]' },
]
for (const { name, json } of spoiled) {
  test(`toV2() treats an annotation with ${name} as missing`, () => {
    const annotations = { 'autoscaling.alpha.kubernetes.io/metrics': json, own: 'kept' }
    const { metadata, spec } = toV2({ metadata: { name: 'web', annotations }, spec: { scaleTargetRef, maxReplicas: 1 } })
    assert.deepEqual([metadata.annotations, spec.metrics?.[0]?.resource?.target.averageUtilization], [{ own: 'kept' }, 80])
  })
}

test('horizontalPodAutoscaler drops the annotations of v1 and the tolerance of scaling', () => {
  const sent = newAutoscaler({ behavior: { scaleUp: { tolerance: '1' } } })
  sent.metadata.annotations = { 'autoscaling.alpha.kubernetes.io/behavior': '{}' }
  const { object } = validateNew(horizontalPodAutoscaler, sent)
  assert.deepEqual([object.metadata.annotations, object.spec.behavior?.scaleUp?.tolerance], [undefined, undefined])
})

test('horizontalPodAutoscaler v1 keeps the status and its conditions on the main path', () => {
  const old = fromV2(structuredClone(full))
  const { object } = validateUpdate(horizontalPodAutoscalerV1, old, next => {
    next.metadata.annotations = {}
    next.spec.targetCPUUtilizationPercentage = 60
    delete next.status
  })
  const stored = toV2(object)
  assert.deepEqual(stored.status, full.status)
  assert.deepEqual(
    stored.spec.metrics?.map(({ resource }) => resource?.target.averageUtilization),
    [60],
  )
})

test('horizontalPodAutoscaler v1 keeps metrics and behavior on the status path', () => {
  const old = fromV2(structuredClone(full))
  const { object } = validateSubresource(horizontalPodAutoscalerV1, 'status', old, next => {
    next.metadata.annotations = {}
    next.status = { currentReplicas: 1, desiredReplicas: 3 }
  })
  const stored = toV2(object)
  assert.deepEqual(stored.spec, full.spec)
  assert.deepEqual(stored.status, { currentReplicas: 1, desiredReplicas: 3, currentMetrics: null })
})

test('horizontalPodAutoscaler v1 is stored as v2', () => {
  const object: AutoscalerV1 = { metadata: { name: 'web' }, spec: { scaleTargetRef, maxReplicas: 0, targetCPUUtilizationPercentage: 70 } }
  assert.equal(horizontalPodAutoscalerV1.storedAs?.version, 'v2')
  assert.equal(horizontalPodAutoscalerV1.storedAs?.toStored(structuredClone(object)).apiVersion, 'autoscaling/v2')
  assert.deepEqual(validateNew(horizontalPodAutoscalerV1, object).fields, ['spec.maxReplicas', 'spec.maxReplicas'])
  assert.equal(row(horizontalPodAutoscalerV1, object)['Targets'], 'cpu: <unknown>/70%')
})
