import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const is404 = async (api: TestServer, name = 'a') => (await api.get(`${path}/${name}`)).status === 404

/** A server with the object `a`. */
async function withObject(): Promise<{ api: TestServer; object: KubeObject } & AsyncDisposable> {
  const api = new TestServer()
  const object = await api.create(path, { metadata: { name: 'a' } })
  return { api, object, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() }
}

const conflicts: readonly [query: string, why: (object: KubeObject) => string][] = [
  [
    'uid=x',
    ({ metadata: { uid } }) =>
      `the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
  ],
  [
    'resourceVersion=1',
    ({ metadata: { resourceVersion } }) =>
      `the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
  ],
]
for (const [query, why] of conflicts) {
  test(`?${query} of a deletion is a precondition`, async () => {
    await using opened = await withObject()
    const { api, object } = opened
    const { status, json } = await api.request('DELETE', `${path}/a?${query}`)
    assert.equal(status, 409)
    assert.equal(json.message, `Operation cannot be fulfilled on ConfigMap "a": ${why(object)}`)
    assert.equal(await is404(api), false)
  })
}

test('preconditions in the query that hold, and empty ones, let the deletion pass', async () => {
  for (const query of [
    ({ uid, resourceVersion }: KubeObject['metadata']) => `uid=${uid}&resourceVersion=${resourceVersion}`,
    () => 'uid=&resourceVersion=',
  ]) {
    await using opened = await withObject()
    const { api, object } = opened
    assert.equal((await api.request('DELETE', `${path}/a?${query(object.metadata)}`)).status, 200)
    assert.equal(await is404(api), true)
  }
})

test('the query is ignored if there is a body', async () => {
  await using opened = await withObject()
  const { api } = opened
  const query = 'uid=x&resourceVersion=1&propagationPolicy=Zap&gracePeriodSeconds=x'
  assert.equal((await api.request('DELETE', `${path}/a?${query}`, {})).status, 200)
  assert.equal(await is404(api), true)
})

for (const body of [{}, { dryRun: [] }, { dryRun: ['All'] }]) {
  test(`?dryRun=All is a dry run beside the body ${JSON.stringify(body)} too`, async () => {
    await using opened = await withObject()
    const { api } = opened
    assert.equal((await api.request('DELETE', `${path}/a?dryRun=All`, body)).status, 200)
    assert.equal((await api.request('DELETE', `${path}?dryRun=All`, body)).status, 200)
    assert.equal(await is404(api), false)
  })
}

test('an empty body needs no known form', async () => {
  await using opened = await withObject()
  const { api } = opened
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal((await api.request('DELETE', `${path}/a`, Buffer.alloc(0), form)).status, 200)
})

test('an empty policy is none that there is', async () => {
  await using opened = await withObject()
  const { api } = opened
  const message =
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "": supported values: "Foreground", "Background", "Orphan", "nil"'
  assert.equal((await api.request('DELETE', `${path}/a?propagationPolicy=`)).json.message, message)
  assert.equal((await api.request('DELETE', `${path}/a`, { propagationPolicy: '' })).json.message, message)
})
