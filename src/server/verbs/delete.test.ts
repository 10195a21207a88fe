import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { KubeObject } from '../../api/object.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { CommitQueue } from '../../store/commit-queue.ts'
import { TestServer, type TestWatch } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const pod = (nodeName?: string) => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(nodeName ? { nodeName } : {}) },
})

test('remove() returns a Status that names the removed object', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' } })
  const { status, json } = await api.request('DELETE', `${path}/a`)
  assert.equal(status, 200)
  assert.deepEqual(json, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'a', kind: 'configmaps', uid: created.metadata.uid },
  })
  const again = await api.request('DELETE', `${path}/a`)
  assert.equal(again.status, 404)
  assert.equal(again.json.message, 'configmaps "a" not found')
})

const returned: readonly [string, object][] = [
  ['/api/v1/namespaces/default/serviceaccounts', {}],
  ['/apis/storage.k8s.io/v1/storageclasses', { provisioner: 'example.com/disk' }],
  ['/apis/storage.k8s.io/v1/csidrivers', { spec: {} }],
  ['/apis/storage.k8s.io/v1/csinodes', { spec: { drivers: [] } }],
]
for (const [collection, object] of returned) {
  test(`remove() returns the removed object itself below ${collection}`, async () => {
    await using api = new TestServer()
    const created = await api.create(collection, { metadata: { name: 'a' }, ...object })
    const { status, json } = await api.request('DELETE', `${collection}/a`)
    assert.deepEqual([status, json.kind, json.metadata.uid], [200, created.kind, created.metadata.uid])
    assert.equal((await api.get(`${collection}/a`)).status, 404)
  })
}

test('remove() waits for finalizers and ends with the last of them', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a', finalizers: ['example.com/hold'] } })
  const deleted = await api.request('DELETE', `${path}/a`)
  assert.equal(deleted.json.metadata.deletionTimestamp, '2026-01-01T00:00:00Z')
  const finalizers = await api.request('PATCH', `${path}/a`, { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } })
  assert.equal(finalizers.status, 422)
  const last = await api.request('PATCH', `${path}/a`, { metadata: { finalizers: null } })
  assert.equal(last.status, 200)
  assert.equal((await api.get(`${path}/a`)).status, 404)
})

const policies: readonly [string, string[] | undefined][] = [
  ['Foreground', ['foregroundDeletion']],
  ['Orphan', ['orphan']],
  ['Background', undefined],
]
for (const [policy, finalizers] of policies) {
  test(`remove() with ${policy} ${finalizers ? `adds ${finalizers}` : 'removes at once'}`, async () => {
    await using api = new TestServer()
    await api.create(path, { metadata: { name: 'a' } })
    await api.request('DELETE', `${path}/a`, { propagationPolicy: policy })
    const { status, json } = await api.get(`${path}/a`)
    if (finalizers === undefined) assert.equal(status, 404)
    else assert.deepEqual(json.metadata.finalizers, finalizers)
  })
}

test('remove() again changes the policy for dependents while finalizers hold the object', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a', finalizers: ['example.com/hold'] } })
  const again = async (options: object) => {
    const { status, json } = await api.request('DELETE', `${path}/a`, options)
    return [status, json.metadata?.finalizers ?? json.status]
  }
  assert.deepEqual(await again({}), [200, ['example.com/hold']])
  const { revision } = api.store
  assert.deepEqual(await again({}), [200, ['example.com/hold']])
  assert.equal(api.store.revision, revision)
  assert.deepEqual(await again({ propagationPolicy: 'Foreground' }), [200, ['example.com/hold', 'foregroundDeletion']])
  assert.deepEqual(await again({ orphanDependents: true }), [200, ['example.com/hold', 'orphan']])
  assert.deepEqual(await again({ orphanDependents: false }), [202, ['example.com/hold']])
  await api.create(path, { metadata: { name: 'b' } })
  await api.request('DELETE', `${path}/b`, { propagationPolicy: 'Orphan' })
  assert.equal((await api.request('DELETE', `${path}/b`, { propagationPolicy: 'Background' })).json.status, 'Success')
  assert.equal((await api.get(`${path}/b`)).status, 404)
})

test('remove() of a Job warns a client that implicitly leaves its pods behind', async () => {
  await using api = new TestServer()
  const jobs = '/apis/batch/v1/namespaces/default/jobs'
  const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } }
  const warningOf = async (path: string, options?: object) => {
    await api.create(jobs, { metadata: { name: 'j' }, spec })
    const { headers } = await api.request('DELETE', path, options)
    await api.request('DELETE', `${jobs}/j`, { propagationPolicy: 'Background' })
    return headers['warning']
  }
  assert.match((await warningOf(`${jobs}/j`)) ?? '', /child pods are preserved by default when jobs are deleted/)
  assert.match((await warningOf(jobs)) ?? '', /set propagationPolicy=Background to remove them/)
  assert.equal(await warningOf(`${jobs}/j`, { propagationPolicy: 'Orphan' }), undefined)
  assert.equal(await warningOf(`${jobs}/j`, { orphanDependents: false }), undefined)
})

for (const policy of ['Foreground', 'Orphan']) {
  test(`remove() of an event with ${policy} waits for nothing`, async () => {
    await using api = new TestServer()
    const events = '/api/v1/namespaces/default/events'
    await api.create(events, { metadata: { name: 'e' }, involvedObject: { namespace: 'default' } })
    await api.request('DELETE', `${events}/e`, { propagationPolicy: policy })
    assert.equal((await api.get(`${events}/e`)).status, 404)
  })
}

test('remove() checks preconditions from body and query', async () => {
  await using api = new TestServer()
  await api.create(path, { metadata: { name: 'a' } })
  const wrong = await api.request('DELETE', `${path}/a`, { preconditions: { uid: 'x' } })
  assert.equal(wrong.status, 409)
  assert.match(
    wrong.json.message,
    /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(x\) does not match the UID in record \(.+\)\. The object might have been deleted/,
  )
  assert.equal((await api.request('DELETE', `${path}/a`, { preconditions: { resourceVersion: '999' } })).status, 409)
  assert.equal((await api.request('DELETE', `${path}/a?propagationPolicy=Foo`)).status, 422)
  assert.equal((await api.request('DELETE', `${path}/a?dryRun=All`)).status, 200)
  assert.equal((await api.get(`${path}/a`)).status, 200)
})

test('remove() takes a pod without a node at once and gives one on a node its grace period', async () => {
  await using api = new TestServer()
  await api.create(pods, pod())
  assert.equal((await api.request('DELETE', `${pods}/p`)).json.kind, 'Pod')
  assert.equal((await api.get(`${pods}/p`)).status, 404)

  await api.create(pods, pod('n1'))
  const { json } = await api.request('DELETE', `${pods}/p`)
  assert.equal(json.metadata.deletionGracePeriodSeconds, 30)
  assert.equal(json.metadata.deletionTimestamp, '2026-01-01T00:00:30Z')
  const shorter = await api.request('DELETE', `${pods}/p?gracePeriodSeconds=5`)
  assert.equal(shorter.json.metadata.deletionTimestamp, '2026-01-01T00:00:05Z')
  const longer = await api.request('DELETE', `${pods}/p`, { gracePeriodSeconds: 60 })
  assert.equal(longer.json.metadata.deletionGracePeriodSeconds, 5)
  const negative = await api.request('DELETE', `${pods}/p`, { gracePeriodSeconds: -1 })
  assert.equal(negative.json.metadata.deletionGracePeriodSeconds, 1)
  assert.equal((await api.request('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 })).status, 200)
  assert.equal((await api.get(`${pods}/p`)).status, 404)
})

test('a namespace terminates and is removed when its own finalizers are removed', async () => {
  await using api = new TestServer()
  await api.create('/api/v1/namespaces', { metadata: { name: 'n' } })
  const deleted = await api.request('DELETE', '/api/v1/namespaces/n')
  assert.equal(deleted.json.metadata.finalizers, undefined)
  const again = await api.request('DELETE', '/api/v1/namespaces/n', { propagationPolicy: 'Foreground' })
  assert.equal(again.json.metadata.resourceVersion, deleted.json.metadata.resourceVersion)
  assert.equal(deleted.json.status.phase, 'Terminating')
  assert.deepEqual(deleted.json.spec.finalizers, ['kubernetes'])
  const finalized = await api.request('PUT', '/api/v1/namespaces/n/finalize', { metadata: { name: 'n' }, spec: { finalizers: [] } })
  assert.equal(finalized.status, 200)
  assert.equal((await api.get('/api/v1/namespaces/n')).status, 404)
})

const namespacePolicies: readonly [options: object, finalizers: string[] | undefined][] = [
  [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
  [{ propagationPolicy: 'Orphan' }, ['orphan']],
  [{ propagationPolicy: 'Background' }, undefined],
  [{ orphanDependents: true }, ['orphan']],
  [{ orphanDependents: false }, ['foregroundDeletion']],
]
for (const [options, finalizers] of namespacePolicies) {
  test(`remove() of a namespace with ${JSON.stringify(options)} leaves it to ${finalizers ?? 'its own finalizers'}`, async () => {
    await using api = new TestServer()
    await api.create('/api/v1/namespaces', { metadata: { name: 'n' } })
    const { json } = await api.request('DELETE', '/api/v1/namespaces/n', options)
    assert.deepEqual(json.metadata.finalizers, finalizers)
  })
}

test('remove() of a namespace has words of its own for preconditions', async () => {
  await using api = new TestServer()
  const { metadata } = await api.create('/api/v1/namespaces', { metadata: { name: 'n' } })
  const message = async (preconditions: object) => (await api.request('DELETE', '/api/v1/namespaces/n', { preconditions })).json.message
  const failed = 'Operation cannot be fulfilled on namespaces "n": Precondition failed:'
  assert.equal(await message({ uid: 'x' }), `${failed} UID in precondition: x, UID in object meta: ${metadata.uid}`)
  const version = `ResourceVersion in object meta: ${metadata.resourceVersion}`
  assert.equal(await message({ resourceVersion: '1' }), `${failed} ResourceVersion in precondition: 1, ${version}`)
})

test('deleteCollection() removes the selected objects and returns them', async () => {
  await using api = new TestServer()
  for (const name of ['a', 'b', 'c']) await api.create(path, { metadata: { name, labels: { keep: String(name === 'c') } } })
  const { status, json } = await api.request('DELETE', `${path}?labelSelector=keep%3Dfalse`)
  assert.equal(status, 200)
  assert.deepEqual(
    json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['a', 'b'],
  )
  assert.equal((await api.get(path)).json.items.length, 1)
})

test('remove() of a pod succeeds if another request removes it between the end of its grace period and its removal', async () => {
  const marking = Promise.withResolvers<void>()
  let groups = 0
  // The first group creates the pod, the second ends its grace period.
  const append = () => (++groups === 2 ? marking.promise : Promise.resolve())
  const store = new CommitQueue({ clock: systemClock, log: silentLogger, commitLog: { append, bytes: 0, close: async () => undefined } })
  await using api = new TestServer({ store })
  const { metadata } = await api.create(pods, pod())
  const first = api.request('DELETE', `${pods}/p`)
  while (groups < 2) await setImmediate()
  const marked = store.nextRevision
  const second = api.request('DELETE', `${pods}/p`)
  while (store.nextRevision === marked) await setImmediate()
  marking.resolve()
  for (const { status, json } of [await first, await second]) {
    assert.deepEqual([status, json.kind, json.metadata.uid], [200, 'Pod', metadata.uid])
    assert.equal(json.metadata.deletionGracePeriodSeconds, 0)
  }
  assert.equal((await api.get(`${pods}/p`)).status, 404)
})

const unreadable: readonly [string, string, string][] = [
  ['no JSON', '{', "couldn't get version/kind; json parse error: unexpected end of JSON input"],
  ['a list', '[]', "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct "],
  [
    'a kind that is not a string',
    '{"kind":1}',
    "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind",
  ],
  ['another kind', '{"kind":"Pod","apiVersion":"v1"}', 'no kind "Pod" is registered for version "v1" in scheme "k8s.io/apimachinery/'],
  [
    'other options',
    '{"kind":"CreateOptions","apiVersion":"v1"}',
    'converting (v1.CreateOptions) to (v1.DeleteOptions): unknown conversion',
  ],
  [
    'a wrong type',
    '{"gracePeriodSeconds":"x"}',
    'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
  ],
]
for (const [what, body, message] of unreadable) {
  test(`remove() answers ${what} in place of options as upstream does, and removes nothing`, async () => {
    await using api = new TestServer()
    await api.create(path, { metadata: { name: 'a' } })
    for (const target of [`${path}/a`, path]) {
      const { status, json } = await api.request('DELETE', target, Buffer.from(body), { 'content-type': 'application/json' })
      assert.equal(status, 500)
      assert.ok(json.message.startsWith(message), json.message)
      assert.equal(json.reason, undefined)
    }
    assert.equal((await api.get(`${path}/a`)).status, 200)
  })
}

test('remove() takes options of any version, of no kind, or null', async () => {
  await using api = new TestServer()
  for (const body of ['{"kind":"DeleteOptions","apiVersion":"apps/v9"}', '{}', 'null', '{"unknown":1}']) {
    await api.create(path, { metadata: { name: 'a' } })
    const { status } = await api.request('DELETE', `${path}/a`, Buffer.from(body), { 'content-type': 'application/json' })
    assert.equal(status, 200, body)
  }
})

test('remove() keeps the priority classes of the system', async () => {
  await using api = new TestServer()
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
  for (const [name, value] of [
    ['system-node-critical', 2_000_001_000],
    ['mine', 5],
  ] as const) {
    await api.create(classes, { metadata: { name }, value })
  }
  const { status, json } = await api.request('DELETE', `${classes}/system-node-critical`)
  assert.equal(status, 403)
  assert.equal(
    json.message,
    'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: this is a system priority class and cannot be deleted',
  )
  assert.equal((await api.request('DELETE', `${classes}/mine`)).status, 200)
  assert.equal((await api.get(`${classes}/system-node-critical`)).status, 200)
})

/** The watch's next event of this type. */
async function eventOf(watch: TestWatch, type: string): Promise<KubeObject> {
  for (;;) {
    const event = await watch.next()
    assert.ok(event !== undefined, `the watch ended before the event ${type}`)
    if (event.type === type) return event.object
  }
}

test('watchers see a deleted object as it was stored, with the revision of the deletion', async () => {
  await using api = new TestServer()
  const created = await api.create(path, { metadata: { name: 'a' } })
  const watch = await api.watch(`${path}?watch=true`)
  await api.request('DELETE', `${path}/a`)
  const { metadata } = await eventOf(watch, 'DELETED')
  assert.deepEqual(metadata, { ...created.metadata, resourceVersion: metadata.resourceVersion })
  assert.equal(metadata.resourceVersion, String(api.store.revision))
  watch.close()
})

test('the change that removes the last finalizer is not visible to watchers', async () => {
  await using api = new TestServer()
  const finalizers = ['example.com/hold']
  await api.create(path, { metadata: { name: 'a', finalizers } })
  const { json: marked } = await api.request('DELETE', `${path}/a`)
  const watch = await api.watch(`${path}?watch=true`)
  const { json: last } = await api.request('PATCH', `${path}/a`, { metadata: { finalizers: null, labels: { a: 'b' } } })
  const { metadata } = await eventOf(watch, 'DELETED')
  assert.deepEqual([metadata.finalizers, metadata.labels], [finalizers, undefined])
  assert.equal(metadata.deletionTimestamp, marked.metadata.deletionTimestamp)
  // Its sender gets the sent object.
  assert.deepEqual([last.metadata.finalizers, last.metadata.labels], [undefined, { a: 'b' }])
  watch.close()
})

test('remove() of a kind that is answered with the object shows its last state, of a dry run too', async () => {
  await using api = new TestServer()
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  const created = await api.create(accounts, { metadata: { name: 'a' } })
  const { json: tried } = await api.request('DELETE', `${accounts}/a?dryRun=All`)
  assert.deepEqual(tried.metadata, created.metadata)
  const { json } = await api.request('DELETE', `${accounts}/a`)
  assert.equal(json.kind, 'ServiceAccount')
  assert.deepEqual(json.metadata, { ...created.metadata, resourceVersion: String(api.store.revision) })
})

test('a pod is visible after its grace period and before its removal', async () => {
  await using api = new TestServer()
  await api.create(pods, pod())
  const watch = await api.watch(`${pods}?watch=true`)
  const { json } = await api.request('DELETE', `${pods}/p`)
  const marked = await eventOf(watch, 'MODIFIED')
  const gone = await eventOf(watch, 'DELETED')
  assert.equal(marked.metadata.deletionGracePeriodSeconds, 0)
  assert.deepEqual(gone.metadata, { ...marked.metadata, resourceVersion: String(api.store.revision) })
  assert.deepEqual(json.metadata, gone.metadata)
  watch.close()
})
