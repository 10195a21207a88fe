import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const deployments = '/apis/apps/v1/namespaces/default/deployments'
const apply = { 'content-type': 'application/apply-patch+yaml' }
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec },
})
const scale = (replicas: number, more: object = {}) => ({
  ...{ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' } },
  ...{ spec: { replicas }, ...more },
})

/** Each as `manager operation subresource`, and `timeless` if it has no time; of those that manage the replicas, alone or with others. */
async function holders(api: TestServer): Promise<string[]> {
  const { json } = await api.get(`${deployments}/d`)
  type Entry = { manager: string; operation: string; subresource?: string; time?: string; fieldsV1: { 'f:spec'?: Record<string, object> } }
  return (json.metadata.managedFields as Entry[])
    .filter(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined)
    .map(({ manager, operation, subresource, time }) => [manager, operation, subresource, time ? '' : 'timeless'].filter(Boolean).join(' '))
}

const put = (api: TestServer, body: object, manager = 's') => api.request('PUT', `${deployments}/d/scale?fieldManager=${manager}`, body)

test('a new number of replicas is the scaler’s, whichever way it is written', async () => {
  await using api = new TestServer()
  await api.request('PATCH', `${deployments}/d?fieldManager=owner`, deployment({ replicas: 1 }), apply)
  assert.deepEqual(await holders(api), ['owner Apply'])
  await api.request('PATCH', `${deployments}/d/scale?fieldManager=patcher`, { spec: { replicas: 5 } })
  assert.deepEqual(await holders(api), ['patcher Update scale timeless'])
  const again = await api.request('PATCH', `${deployments}/d?fieldManager=owner`, deployment({ replicas: 1 }), apply)
  assert.equal(
    again.json.message,
    'Apply failed with 1 conflict: conflict with "patcher" with subresource "scale" using apps/v1: .spec.replicas',
  )
  await put(api, scale(7))
  assert.deepEqual(await holders(api), ['s Update scale timeless'])
  await api.request('PATCH', `${deployments}/d/scale?fieldManager=applier`, scale(7), apply)
  assert.deepEqual(await holders(api), ['applier Apply scale timeless', 's Update scale timeless'])
  await api.request('PATCH', `${deployments}/d/scale?fieldManager=patcher`, { spec: { replicas: 5 } })
  assert.deepEqual(await holders(api), ['patcher Update scale timeless'])
})

test('the status of a scale changes nothing, and no managers', async () => {
  await using api = new TestServer()
  const { json } = await api.request('PATCH', `${deployments}/d?fieldManager=owner`, deployment({ replicas: 1 }), apply)
  const patched = await api.request('PATCH', `${deployments}/d/scale?fieldManager=s`, { status: { replicas: 42 } })
  assert.equal(patched.json.metadata.resourceVersion, json.metadata.resourceVersion)
  assert.deepEqual(await holders(api), ['owner Apply'])
})

test('scaling gives unmanaged replicas no manager', async () => {
  await using api = new TestServer()
  await api.request('PATCH', `${deployments}/d?fieldManager=owner`, deployment({}), apply)
  await put(api, scale(7))
  assert.equal((await api.get(`${deployments}/d`)).json.spec.replicas, 7)
  assert.deepEqual(await holders(api), [])
})

test('an updater that keeps the replicas has a separate entry for them once the scale was written', async () => {
  await using api = new TestServer()
  await api.request('POST', `${deployments}?fieldManager=creator`, deployment({ replicas: 1 }))
  assert.deepEqual(await holders(api), ['creator Update'])
  await put(api, scale(1))
  assert.deepEqual(await holders(api), ['creator Update timeless'])
  const { json } = await api.get(`${deployments}/d`)
  const ofCreator = json.metadata.managedFields.filter(({ manager }: { manager: string }) => manager === 'creator')
  assert.deepEqual(ofCreator[0].fieldsV1, { 'f:spec': { 'f:replicas': {} } })
  assert.ok('f:template' in ofCreator[1].fieldsV1['f:spec'])
})

test('a scale cannot set managers', async () => {
  await using api = new TestServer()
  await api.request('PATCH', `${deployments}/d?fieldManager=owner`, deployment({ replicas: 1 }), apply)
  await put(api, scale(1, { metadata: { name: 'd', managedFields: [] } }))
  await api.request('PATCH', `${deployments}/d/scale`, { metadata: { managedFields: [{}] } })
  assert.deepEqual(await holders(api), ['owner Apply'])
})
