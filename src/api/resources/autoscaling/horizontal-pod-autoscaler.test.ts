import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../types/autoscaling-v1.ts'
import type { HorizontalPodAutoscaler, MetricSpec } from '../../types/autoscaling-v2.ts'
import { judgeNew, row } from '../core/new-object.fixture.ts'
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

test('horizontalPodAutoscaler follows 80% of CPU by default', () => {
  const { object, errors } = judgeNew(horizontalPodAutoscaler, newAutoscaler({ behavior: { scaleDown: {} } }))
  assert.deepEqual(errors, [])
  assert.equal(object.spec.minReplicas, 1)
  assert.equal(object.spec.metrics?.[0]?.resource?.target.averageUtilization, 80)
  assert.deepEqual(object.spec.behavior?.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  })
  assert.equal(object.spec.behavior?.scaleUp?.policies?.length, 2)
})

const refusals: { name: string; spec: Partial<HorizontalPodAutoscaler['spec']>; fields: string[] }[] = [
  { name: 'more at least than at most', spec: { minReplicas: 6 }, fields: ['spec.maxReplicas'] },
  {
    name: 'nothing to scale',
    spec: { scaleTargetRef: { kind: '', name: '' } },
    fields: ['spec.scaleTargetRef.kind', 'spec.scaleTargetRef.name'],
  },
  { name: 'two sources in one metric', spec: { metrics: [{ ...cpu, ...pods, type: 'Pods' }] }, fields: ['spec.metrics[0].resource'] },
  { name: 'a source that is missing', spec: { metrics: [{ type: 'Pods' }] }, fields: ['spec.metrics[0].pods'] },
  {
    name: 'an endless period',
    spec: { behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1801 }] } } },
    fields: ['spec.behavior.scaleUp.policies[0].periodSeconds'],
  },
]
for (const { name, spec, fields } of refusals) {
  test(`horizontalPodAutoscaler refuses ${name}`, () => {
    assert.deepEqual(judgeNew(horizontalPodAutoscaler, newAutoscaler(spec)).fields, fields)
  })
}

test('toV2() and fromV2() lose nothing on the way through v1', () => {
  const object = newAutoscaler({ metrics: [cpu, pods], behavior: { scaleDown: { stabilizationWindowSeconds: 9 } } })
  object.apiVersion = 'autoscaling/v2'
  object.kind = 'HorizontalPodAutoscaler'
  object.metadata.annotations = { own: 'kept' }
  object.status = { desiredReplicas: 2, currentMetrics: null, conditions: [{ type: 'ScalingActive', status: 'True' }] }
  const v1 = fromV2(structuredClone(object))
  assert.equal(v1.spec.targetCPUUtilizationPercentage, 50)
  assert.deepEqual(toV2(v1), object)
})

test('horizontalPodAutoscaler v1 is stored as v2', () => {
  const object: AutoscalerV1 = { metadata: { name: 'web' }, spec: { scaleTargetRef, maxReplicas: 0, targetCPUUtilizationPercentage: 70 } }
  assert.equal(horizontalPodAutoscalerV1.storedAs?.version, 'v2')
  assert.equal(horizontalPodAutoscalerV1.storedAs?.toStored(structuredClone(object)).apiVersion, 'autoscaling/v2')
  assert.deepEqual(judgeNew(horizontalPodAutoscalerV1, object).fields, ['spec.maxReplicas', 'spec.maxReplicas'])
  assert.equal(row(horizontalPodAutoscalerV1, object)['Targets'], 'cpu: <unknown>/70%')
})
