import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Review, serving, v2 } from './converted-widgets.testing.ts'
import { crds, waitFor, widget, widgets } from './widgets.testing.ts'

test('the webhook converts objects in every request and response', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.create(widgets, widget('a', { size: 1 }))
  assert.equal(converter.reviews.length, 0)
  const { json } = await api.get(`${v2}/a`)
  assert.deepEqual([json.apiVersion, json.spec], ['example.com/v2', { color: 'red', length: 1 }])
  assert.deepEqual((await api.get(v2)).json.items[0].spec, { color: 'red', length: 1 })
  // Asked once an entry.
  assert.equal(converter.reviews.length, 1)
  assert.equal(converter.reviews[0].request.desiredAPIVersion, 'example.com/v2')
  const made = await api.request('POST', v2, { ...widget('b', { length: 2 }), apiVersion: 'example.com/v2' })
  assert.equal(made.status, 201)
  assert.deepEqual(made.json.spec, { color: 'red', length: 2 })
  assert.deepEqual((await api.get(`${widgets}/b`)).json.spec, { color: 'red', size: 2 })
  const patched = await api.request('PATCH', `${v2}/a`, { spec: { length: 5 } })
  assert.deepEqual([patched.status, patched.json.spec.length, patched.json.metadata.generation], [200, 5, 2])
  assert.equal((await api.get(`${widgets}/a`)).json.spec.size, 5)
  const applied = await api.request(
    'PATCH',
    `${v2}/c?fieldManager=m`,
    { ...widget('c', { length: 7 }), apiVersion: 'example.com/v2' },
    { 'content-type': 'application/apply-patch+yaml' },
  )
  assert.equal(applied.status, 201)
  assert.equal((await api.get(`${widgets}/c`)).json.spec.size, 7)
  assert.equal((await api.request('DELETE', `${v2}/b`)).status, 200)
  assert.equal((await api.request('DELETE', v2)).status, 200)
  assert.equal((await api.get(widgets)).json.items.length, 0)
})

test('a list needs few calls, and a watch sees converted objects in order', async () => {
  const { api, converter } = await serving()
  await using _api = api
  for (const name of ['a', 'b', 'c']) await api.create(widgets, widget(name, { size: 1 }))
  const watch = await api.watch(`${v2}?watch=true`)
  const names: string[] = []
  for (let i = 0; i < 3; i++) names.push((await watch.next())?.object.metadata.name)
  assert.deepEqual(names, ['a', 'b', 'c'])
  assert.equal(converter.reviews.length, 1)
  for (let size = 2; size < 6; size++) await api.request('PATCH', `${widgets}/a`, { spec: { size } })
  for (let length = 2; length < 6; length++) assert.equal((await watch.next())?.object.spec.length, length)
  watch.close()
})

test('a change is converted once, for any number of watches', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.create(widgets, widget('a', { size: 1 }))
  const watches = []
  for (let i = 0; i < 10; i++) watches.push(await api.watch(`${v2}?watch=true`))
  for (const watch of watches) assert.equal((await watch.next())?.type, 'ADDED')
  const asked = converter.reviews.length
  await api.request('PATCH', `${widgets}/a`, { spec: { size: 2 } })
  for (const watch of watches) assert.equal((await watch.next())?.object.spec.length, 2)
  assert.equal(converter.reviews.length, asked + 1)
  for (const watch of watches) watch.close()
})

test('changes that wait for a hanging webhook are limited: the watch ends, others continue, and late results are not sent', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.create(widgets, widget('a', { size: 1 }))
  const [converted, plain] = [await api.watch(`${v2}?watch=true`), await api.watch(`${widgets}?watch=true`)]
  for (const watch of [converted, plain]) assert.equal((await watch.next())?.type, 'ADDED')
  const usual = converter.send.bind(converter)
  const asked: (() => void)[] = []
  converter.send = (client, body) => new Promise(resolve => asked.push(() => resolve(usual(client, body))))
  const color = 'x'.repeat(1024 * 1024)
  for (let size = 2; size < 14; size++) {
    await api.request('PATCH', `${widgets}/a`, { spec: { size, color } })
    assert.equal((await plain.next())?.object.spec.size, size)
  }
  // Without a bound the changes would come now.
  for (const answer of asked) answer()
  assert.equal(await converted.next(), undefined)
  plain.close()
})

test('objects stored in another version are converted when the stored version is read', async () => {
  const { api } = await serving()
  await using _api = api
  await api.create(widgets, widget('a', { size: 3 }))
  const { json } = await api.get(`${crds}/widgets.example.com`)
  json.spec.versions[0].storage = false
  json.spec.versions[1].storage = true
  assert.equal((await api.request('PUT', `${crds}/widgets.example.com`, json)).status, 200)
  await waitFor(api, 'widgets.example.com', ({ status }) => status.storedVersions.length === 2)
  assert.deepEqual((await api.get(`${v2}/a`)).json.spec, { color: 'red', length: 3 })
  assert.equal((await api.request('PATCH', `${v2}/a`, { spec: { length: 4 } })).status, 200)
  assert.equal((await api.get(`${widgets}/a`)).json.spec.size, 4)
})

test('annotations may change, other metadata may not', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.create(widgets, { ...widget('a', { size: 1 }), metadata: { name: 'a', labels: { x: 'y' } } })
  converter.change = answer => {
    const [object] = answer.response.convertedObjects
    object.metadata.annotations = { lost: 'something' }
    object.metadata.finalizers = ['example.com/x']
    object.metadata.resourceVersion = '1'
    return answer
  }
  const { json } = await api.get(`${v2}/a`)
  assert.deepEqual(json.metadata.annotations, { lost: 'something' })
  assert.equal(json.metadata.finalizers, undefined)
  assert.notEqual(json.metadata.resourceVersion, '1')
})

const wrong: readonly [name: string, change: (answer: Review) => Review, message: RegExp][] = [
  ['changes the name', answer => edited(answer, object => (object.metadata.name = 'b')), /must have the same name: b != a/],
  [
    'changes the namespace',
    answer => edited(answer, object => (object.metadata.namespace = 'kube-system')),
    /must have the same namespace/,
  ],
  ['changes the uid', answer => edited(answer, object => (object.metadata.uid = 'x')), /must have the same UID/],
  ['changes the labels', answer => edited(answer, object => (object.metadata.labels = { a: 'b' })), /must have the same labels/],
  ['changes the kind', answer => edited(answer, object => (object.kind = 'Secret')), /must have the same kind: Secret != Widget/],
  ['answers in the wrong version', answer => edited(answer, object => (object.apiVersion = 'example.com/v1')), /invalid groupVersion/],
  [
    'answers with fewer objects',
    answer => ({ ...answer, response: { ...answer.response, convertedObjects: [] } }),
    /returned 0 objects, expected 1/,
  ],
  ['answers to another question', answer => ({ ...answer, response: { ...answer.response, uid: 'x' } }), /expected response\.uid=/],
  [
    'says that it failed',
    answer => ({ ...answer, response: { ...answer.response, result: { status: 'Failure', message: 'no way' } } }),
    /conversion webhook for example\.com\/v1, Kind=Widget failed: no way$/,
  ],
  ['answers with something else', () => Buffer.from('<html>'), /failed: invalid character '<'/],
  ['answers with nothing', () => ({}), /expected webhook response of apiextensions\.k8s\.io\/v1, Kind=ConversionReview/],
  [
    'is missing',
    () => {
      throw new Error('Post "https://converter.example.com/convert": EOF')
    },
    /failed: Post "https:\/\/converter\.example\.com\/convert": EOF$/,
  ],
]

function edited(answer: Review, edit: (object: Review) => void): Review {
  edit(answer.response.convertedObjects[0])
  return answer
}

for (const [name, change, message] of wrong) {
  test(`case 56: a conversion webhook that ${name} gets an error, and stored objects stay unchanged`, async () => {
    const { api, converter } = await serving()
    await using _api = api
    await api.create(widgets, widget('a', { size: 1 }))
    const before = (await api.get(`${widgets}/a`)).text
    converter.change = change
    const { status, json } = await api.get(`${v2}/a`)
    assert.equal(status, 500)
    assert.match(json.message, message)
    assert.equal((await api.get(v2)).status, 500)
    assert.equal((await api.request('PATCH', `${v2}/a`, { spec: { length: 9 } })).status, 500)
    assert.equal((await api.request('PUT', `${v2}/a`, { ...widget('a', { length: 9 }), apiVersion: 'example.com/v2' })).status, 500)
    assert.equal((await api.request('DELETE', `${v2}/a`)).status, 500)
    const watch = await api.watch(`${v2}?watch=true`)
    const event = await watch.next()
    assert.equal(event?.type, 'ERROR')
    assert.match(event?.object.message, message)
    assert.equal(await watch.next(), undefined)
    assert.equal((await api.get(`${widgets}/a`)).text, before)
    // Other versions, and other resources, do not notice.
    assert.equal((await api.request('PATCH', `${widgets}/a`, { spec: { size: 2 } })).status, 200)
  })
}

test('webhook calls are counted under upstream’s names, failures by type', async () => {
  const { api, converter } = await serving()
  await using _api = api
  await api.create(widgets, widget('a', { size: 1 }))
  const usual = converter.change
  const failures = [
    () => Buffer.from('<html>'),
    (answer: Review) => ({ ...answer, response: { ...answer.response, convertedObjects: [] } }),
  ]
  const renamed = (answer: Review) => edited(answer, object => (object.metadata.name = 'b'))
  const dead = () => {
    throw new Error('EOF')
  }
  for (const change of [...failures, renamed, dead, usual]) {
    converter.change = change
    await api.get(`${v2}/a`)
  }
  const { text } = await api.get('/metrics')
  const counted = [...text.matchAll(/^apiserver_conversion_webhook_request_total\{(.*)\} (\d+)$/gm)].map(
    ([, labels, count]) => `${labels} ${count}`,
  )
  const failed = (type: string) => `result="failure",failure_type="conversion_webhook_${type}_failure" 1`
  assert.deepEqual(counted.toSorted(), [
    ...['call', 'invalid_converted_object', 'malformed_response', 'partial_response'].map(failed),
    'result="success",failure_type="" 1',
  ])
  assert.match(text, /^apiserver_conversion_webhook_duration_seconds_count\{result="success",failure_type=""\} 1$/m)
})
