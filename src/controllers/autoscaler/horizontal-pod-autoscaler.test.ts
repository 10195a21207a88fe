import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { serviceUnavailable, staleConflict, unknownPath } from '../../api/status.ts'
import type { HorizontalPodAutoscalerSpec } from '../../api/types/autoscaling-v2.ts'
import { formatTime } from '../../base/clock.ts'
import { resourceRef } from '../../client/resource-ref.ts'
import { events, horizontalPodAutoscalers, pods } from '../../client/resources.ts'
import type { FakeApi } from '../../client/testing/fake-api.ts'
import { type Scenario, startScenario } from '../scenario.testing.ts'
import { defaultSettings } from '../settings.ts'
import { autoscalerOf, podOf } from './autoscaler.fixture.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'

/** The fake has no scales of its own: an object with the fields of a scale is its own scale. */
interface Scalable extends KubeObject {
  spec: { replicas: number }
  status: { replicas: number; selector: string }
}
const widgets = resourceRef<Scalable>('example.com', 'v1', 'widgets', 'Widget')
const targetOf = (replicas: number): Scalable => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas },
  status: { replicas, selector: 'app=web' },
})
const reference = { apiVersion: 'example.com/v1alpha9', kind: 'Widget', name: 'web' }
const podMetrics = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb'

function serveUsage(api: FakeApi, milli: number): void {
  const items = ['p0', 'p1'].map(name => ({
    metadata: { name, namespace: 'shop' },
    timestamp: formatTime(Date.now()),
    window: '30s',
    containers: [{ name: 'app', usage: { cpu: `${milli}m` } }],
  }))
  api.serve(podMetrics, { items })
}

function start(spec: Partial<HorizontalPodAutoscalerSpec>, prepare: (api: FakeApi) => void = () => undefined): Scenario {
  return startScenario({
    controllers: [horizontalPodAutoscaler],
    settings: { autoscaler: { ...defaultSettings.autoscaler, syncMs: 20 } },
    prepare(api) {
      api.serve('/apis/example.com', { preferredVersion: { version: 'v1' }, versions: [{ version: 'v1' }] })
      api.serve('/apis/example.com/v1', { resources: [{ name: 'widgets', kind: 'Widget' }] })
      api.seed(widgets, targetOf(2))
      for (const name of ['p0', 'p1']) api.seed(pods, podOf(name))
      api.seed(horizontalPodAutoscalers, autoscalerOf({ scaleTargetRef: reference, ...spec }))
      prepare(api)
    },
  })
}

const replicasIn = (api: FakeApi) => api.read(widgets, 'shop', 'web')?.spec.replicas
const statusIn = (api: FakeApi) => api.read(horizontalPodAutoscalers, 'shop', 'web')?.status
const conditionIn = (api: FakeApi, type: string) => statusIn(api)?.conditions?.find(condition => condition.type === type)
const reasons = (api: FakeApi) => api.all(events).map(({ reason }) => reason)

test('horizontalPodAutoscaler scales a custom resource up and down by its pods’ CPU', async () => {
  const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } }
  await using scenario = start({ behavior }, api => serveUsage(api, 100))
  const { api } = scenario
  await scenario.until(() => statusIn(api)?.desiredReplicas === 4, 'four replicas')
  assert.equal(replicasIn(api), 4)
  await scenario.until(() => reasons(api).includes('SuccessfulRescale'), 'an event')
  const [event] = api.all(events)
  assert.equal(event?.message, 'New size: 4; reason: cpu resource utilization (percentage of request) above target')
  assert.equal(event?.source?.component, 'horizontal-pod-autoscaler')
  assert.equal(statusIn(api)?.observedGeneration, 1)
  serveUsage(api, 1)
  await scenario.until(() => replicasIn(api) === 1 && statusIn(api)?.desiredReplicas === 1, 'one replica')
  assert.equal(statusIn(api)?.currentMetrics?.[0]?.resource?.current.averageUtilization, 1)
})

test('horizontalPodAutoscaler reports missing resource metrics in upstream’s words', async () => {
  await using scenario = start({}, api => api.serve(podMetrics, unknownPath()))
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'ScalingActive') !== undefined, 'a condition')
  const { status, reason, message } = conditionIn(api, 'ScalingActive') ?? {}
  const why =
    'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: ' +
    'the server could not find the requested resource (get pods.metrics.k8s.io)'
  assert.deepEqual(
    [status, reason, message],
    ['False', 'FailedGetResourceMetric', `the HPA was unable to compute the replica count: ${why}`],
  )
  assert.deepEqual([replicasIn(api), statusIn(api)?.currentReplicas, conditionIn(api, 'AbleToScale')?.status], [2, 2, 'True'])
  await scenario.until(() => reasons(api).includes('FailedComputeMetricsReplicas'), 'events')
})

test('horizontalPodAutoscaler reports which object has no metric, in the order of upstream’s words', async () => {
  const object = { describedObject: reference, metric: { name: 'load' }, target: { type: 'Value', value: '1' } }
  await using scenario = start({ metrics: [{ type: 'Object', object }] })
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'ScalingActive') !== undefined, 'a condition')
  assert.equal(
    conditionIn(api, 'ScalingActive')?.message,
    'the HPA was unable to compute the replica count: unable to get metric load: Widget on shop web/' +
      'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
  )
})

test('horizontalPodAutoscaler reports a missing target, and continues once it exists', async () => {
  await using scenario = start({ minReplicas: 3 }, api => api.remove(widgets, 'shop', 'web'))
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'AbleToScale')?.reason === 'FailedGetScale', 'FailedGetScale')
  const message = 'the HPA controller was unable to get the target\'s current scale: widgets.example.com "web" not found'
  assert.equal(conditionIn(api, 'AbleToScale')?.message, message)
  api.seed(widgets, targetOf(1))
  await scenario.until(() => replicasIn(api) === 3, 'the minimum')
  await scenario.until(() => conditionIn(api, 'AbleToScale')?.status === 'True', 'able again')
})

const unknown: readonly { readonly name: string; readonly apiVersion: string; readonly message: string }[] = [
  { name: 'a group that is not served', apiVersion: 'nowhere.io/v1', message: 'no matches for kind "Widget" in group "nowhere.io"' },
  { name: 'an invalid version', apiVersion: 'a/b/c', message: 'unexpected GroupVersion string: a/b/c' },
]
for (const { name, apiVersion, message } of unknown) {
  test(`horizontalPodAutoscaler rejects a target of ${name}`, async () => {
    await using scenario = start({ scaleTargetRef: { ...reference, apiVersion } })
    const { api } = scenario
    await scenario.until(() => conditionIn(api, 'AbleToScale') !== undefined, 'a condition')
    assert.equal(conditionIn(api, 'AbleToScale')?.message, `the HPA controller was unable to get the target's current scale: ${message}`)
  })
}

test('horizontalPodAutoscaler never reaches a target outside its namespace', async () => {
  await using scenario = start({}, api => {
    api.serve('/apis/example.com/v1', { resources: [{ name: 'widgets', kind: 'Widget', namespaced: false }] })
    api.remove(widgets, 'shop', 'web')
    api.seed(widgets, { ...targetOf(1), metadata: { name: 'web' } })
  })
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'AbleToScale')?.reason === 'FailedGetScale', 'FailedGetScale')
  assert.equal(api.read(widgets, '', 'web')?.spec.replicas, 1)
  assert.ok(api.requests.filter(({ path }) => path.includes('/scale')).every(({ path }) => path.includes('/namespaces/shop/')))
})

test('horizontalPodAutoscaler retries a scale that conflicts with its target’s controller', async () => {
  let refused = 0
  await using scenario = start({}, api => {
    serveUsage(api, 100)
    api.refuse = ({ method, path }) => {
      if (method === 'PUT' && path.endsWith('/scale') && refused++ < 2) throw staleConflict(widgets, 'web')
    }
  })
  const { api } = scenario
  await scenario.until(() => replicasIn(api) === 4, 'four replicas')
  assert.equal(refused, 3)
  await scenario.until(() => reasons(api).length > 0, 'an event')
  assert.ok(!reasons(api).includes('FailedRescale'))
})

test('horizontalPodAutoscaler leaves a target alone that was scaled meanwhile', async () => {
  let wanted: unknown
  await using scenario = start({}, api => {
    serveUsage(api, 100)
    api.refuse = ({ method, path, body }) => {
      if (method !== 'PUT' || !path.endsWith('/scale') || wanted !== undefined) return
      wanted = body
      api.change(widgets, 'shop', 'web', object => {
        object.spec.replicas = 0
      })
      throw staleConflict(widgets, 'web')
    }
  })
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'ScalingActive')?.reason === 'ScalingDisabled', 'the zero of its owner respected')
  assert.equal(replicasIn(api), 0)
  await scenario.until(() => reasons(api).includes('FailedRescale'), 'an event')
})

test('horizontalPodAutoscaler writes its status despite a concurrent edit, and never to another object', async () => {
  let edited = false
  await using scenario = start({}, api => {
    serveUsage(api, 50)
    api.refuse = ({ method, path }) => {
      if (edited || method !== 'PUT' || !path.endsWith('/status')) return
      edited = true
      api.change(horizontalPodAutoscalers, 'shop', 'web', object => {
        object.metadata.annotations = { by: 'its owner' }
      })
    }
  })
  const { api } = scenario
  await scenario.until(() => statusIn(api)?.desiredReplicas === 2, 'a status')
  assert.deepEqual(api.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/horizontalpodautoscalers/web')).length, 1)
  assert.ok(!reasons(api).includes('FailedUpdateStatus'))
})

test('horizontalPodAutoscaler continues when a metrics server is down, and reads it again later', async () => {
  await using scenario = start({}, api => {
    api.serve(podMetrics, serviceUnavailable('the server is currently unable to handle the request'))
  })
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'ScalingActive')?.status === 'False', 'no metrics')
  assert.match(conditionIn(api, 'ScalingActive')?.message ?? '', /unable to handle the request \(get pods\.metrics\.k8s\.io\)$/)
  assert.equal(replicasIn(api), 2)
  serveUsage(api, 100)
  await scenario.until(() => replicasIn(api) === 4, 'four replicas')
})

test('horizontalPodAutoscaler reads pod, object and external metrics from the API', async () => {
  const custom = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop'
  const target = { type: 'AverageValue', averageValue: '10' }
  await using scenario = start(
    {
      metrics: [
        { type: 'Pods', pods: { metric: { name: 'queue', selector: { matchLabels: { topic: 'a' } } }, target } },
        { type: 'Object', object: { describedObject: { kind: 'Namespace', name: 'other' }, metric: { name: 'load' }, target } },
        { type: 'Object', object: { describedObject: reference, metric: { name: 'load' }, target } },
        { type: 'External', external: { metric: { name: 'jobs', selector: { matchLabels: { q: 'x' } } }, target } },
      ],
    },
    api => {
      const value = { timestamp: formatTime(Date.now()), value: '10' }
      api.serve('/apis/custom.metrics.k8s.io', { versions: [{ version: 'v1beta1' }, { version: 'v1beta2' }] })
      api.serve(`${custom}/pods/*/queue?labelSelector=app%3Dweb&metricLabelSelector=topic%3Da`, {
        items: ['p0', 'p1'].map(name => ({ describedObject: { kind: 'Pod', name }, ...value })),
      })
      api.serve(`${custom}/metrics/load`, { items: [{ ...value, value: '20' }] })
      api.serve(`${custom}/widgets.example.com/web/load`, { items: [{ ...value, value: '30' }] })
      api.serve('/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/jobs?labelSelector=q%3Dx', { items: [value, value] })
    },
  )
  const { api } = scenario
  await scenario.until(() => statusIn(api)?.desiredReplicas === 3, 'three replicas')
  const current = statusIn(api)?.currentMetrics?.map(({ pods, object, external }) => (pods ?? object ?? external)?.current.averageValue)
  assert.deepEqual(current, ['10', '10', '15', '10'])
})

test('horizontalPodAutoscaler reads no metrics of a target that its owner scaled to zero', async () => {
  await using scenario = start({}, api => {
    api.change(widgets, 'shop', 'web', object => {
      object.spec.replicas = 0
    })
  })
  const { api } = scenario
  await scenario.until(() => conditionIn(api, 'ScalingActive')?.reason === 'ScalingDisabled', 'ScalingDisabled')
  assert.ok(api.requests.every(({ path }) => !path.includes('metrics.k8s.io')))
})

test('horizontalPodAutoscaler lets neither of two scale the same pods, and continues when one is deleted', async () => {
  const other = { ...autoscalerOf({ scaleTargetRef: reference }), metadata: { name: 'again', namespace: 'shop' } }
  await using scenario = start({}, api => {
    serveUsage(api, 100)
    api.seed(horizontalPodAutoscalers, other)
    // Neither may act before both are known.
    api.change(widgets, 'shop', 'web', object => {
      object.status.selector = ''
    })
  })
  const { api } = scenario
  const both = (reason: string) =>
    api.all(horizontalPodAutoscalers).every(({ status }) => status?.conditions?.some(condition => condition.reason === reason))
  await scenario.until(() => both('InvalidSelector'), 'no selector')
  api.change(horizontalPodAutoscalers, 'shop', 'again', object => {
    object.spec.maxReplicas = 2
  })
  api.change(horizontalPodAutoscalers, 'shop', 'web', object => {
    object.spec.maxReplicas = 2
  })
  api.change(widgets, 'shop', 'web', object => {
    object.status.selector = 'app=web'
  })
  await scenario.until(() => both('AmbiguousSelector'), 'an ambiguous selector')
  const message = 'pods by selector app=web are controlled by multiple HPAs: [{again shop} {web shop}]'
  assert.equal(conditionIn(api, 'ScalingActive')?.message, message)
  assert.equal(replicasIn(api), 2)
  api.remove(horizontalPodAutoscalers, 'shop', 'again')
  await scenario.until(() => conditionIn(api, 'ScalingActive')?.reason === 'ValidMetricFound', 'one that scales alone')
})
