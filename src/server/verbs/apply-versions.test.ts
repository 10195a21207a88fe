// Field managers of a built-in kind with several versions: each manager has the field names of the version that it wrote through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedFieldsEntry } from '../../api/object.ts'
import { type TestAnswer, TestServer } from '../testing.ts'

const type = { 'content-type': 'application/apply-patch+yaml' }
const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
const v2 = v1.replace('/v1/', '/v2/')
const target = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }
const cpu = (averageUtilization: number) => ({
  metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
})

function apply(api: TestServer, version: 'v1' | 'v2', manager: string, spec: object, query = ''): Promise<TestAnswer> {
  const body = {
    ...{ apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' } },
    spec: { scaleTargetRef: target, ...spec },
  }
  return api.request('PATCH', `${version === 'v1' ? v1 : v2}/h?fieldManager=${manager}${query}`, body, type)
}

/** The names of the fields of `part`, by manager and version. */
function owners({ json }: TestAnswer, part = 'f:spec'): Record<string, string[]> {
  const entries: ManagedFieldsEntry[] = json.metadata.managedFields
  return Object.fromEntries(
    entries.map(({ manager, apiVersion, fieldsV1 }) => [
      `${manager} ${apiVersion}`,
      Object.keys((fieldsV1 as Record<string, object>)[part] ?? {}).map(name => name.slice(2)),
    ]),
  )
}

const behavior = { scaleUp: { stabilizationWindowSeconds: 5 } }

test('a change through one version takes the field from a manager of another', async () => {
  await using api = new TestServer()
  await apply(api, 'v2', 'one', { minReplicas: 1, maxReplicas: 3, ...cpu(50) })
  const patched = await api.request('PATCH', `${v1}/h?fieldManager=two`, { spec: { maxReplicas: 5 } })
  assert.deepEqual(owners(patched), {
    'one autoscaling/v2': ['metrics', 'minReplicas', 'scaleTargetRef'],
    'two autoscaling/v1': ['maxReplicas'],
  })
})

test('conflicts name the fields as the other manager knows them', async () => {
  await using api = new TestServer()
  await apply(api, 'v2', 'one', { maxReplicas: 3, ...cpu(50) })
  await api.request('PATCH', `${v1}/h?fieldManager=two`, { spec: { maxReplicas: 5 } })
  const spec = { maxReplicas: 6, targetCPUUtilizationPercentage: 60 }
  const refused = await apply(api, 'v1', 'three', spec)
  assert.equal(
    refused.json.message,
    'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.metrics\nconflicts with "two" using autoscaling/v1:\n- .spec.maxReplicas',
  )
  const forced = await apply(api, 'v1', 'three', spec, '&force=true')
  assert.deepEqual(owners(forced), {
    'one autoscaling/v2': ['scaleTargetRef'],
    'three autoscaling/v1': ['maxReplicas', 'scaleTargetRef', 'targetCPUUtilizationPercentage'],
  })
})

test('fields that a manager applied through one version and no longer through another are removed, and nothing else', async () => {
  await using api = new TestServer()
  const applied = await apply(api, 'v2', 'one', { minReplicas: 2, maxReplicas: 3, behavior, ...cpu(50) })
  assert.equal(applied.json.spec.behavior.scaleUp.stabilizationWindowSeconds, 5)
  await apply(api, 'v1', 'two', { minReplicas: 2, maxReplicas: 3 })
  const left = await apply(api, 'v1', 'one', { maxReplicas: 3, targetCPUUtilizationPercentage: 50 })
  assert.equal(left.status, 200, left.text)
  assert.deepEqual(owners(left), {
    'one autoscaling/v1': ['maxReplicas', 'scaleTargetRef', 'targetCPUUtilizationPercentage'],
    'two autoscaling/v1': ['maxReplicas', 'minReplicas', 'scaleTargetRef'],
  })
  const { json } = await api.get(`${v2}/h`)
  assert.deepEqual(json.spec, { scaleTargetRef: target, minReplicas: 2, maxReplicas: 3, ...cpu(50) })
})

test('a manager that writes a status through both versions has an entry for each', async () => {
  await using api = new TestServer()
  await apply(api, 'v2', 'one', { maxReplicas: 3 })
  const status = (path: string, change: object) => api.request('PATCH', `${path}/h/status?fieldManager=s`, { status: change })
  await status(v1, { currentReplicas: 2, desiredReplicas: 2 })
  const written = await status(v2, { currentReplicas: 3 })
  assert.deepEqual(owners(written, 'f:status'), {
    'one autoscaling/v2': [],
    's autoscaling/v1': ['desiredReplicas'],
    's autoscaling/v2': ['currentReplicas'],
  })
})

test('an event that is written through its other group is managed through that alone, as upstream knows no type of the first there', async () => {
  await using api = new TestServer()
  const events = '/api/v1/namespaces/default/events'
  const involvedObject = { namespace: 'default', name: 'x', kind: 'Pod' }
  const reported = { reportingComponent: 'c', reportingInstance: 'i', action: 'a', reason: 'R', type: 'Normal' }
  await api.create(events, { metadata: { name: 'e' }, involvedObject, ...reported })
  const patched = await api.request('PATCH', '/apis/events.k8s.io/v1/namespaces/default/events/e?fieldManager=two', {
    metadata: { labels: { a: 'b' } },
  })
  assert.deepEqual(owners(patched, 'f:metadata'), { 'two events.k8s.io/v1': ['labels'] })
})
