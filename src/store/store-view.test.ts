import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectChange } from '../api/store-view.ts'
import { silentLogger } from '../base/log.ts'
import { createMemoryStore } from './memory.ts'
import { put, testResource } from './objects.fixture.ts'
import { createStoreView } from './store-view.ts'

const { groupResource } = testResource
const onNode = { where: ({ fields }: { readonly fields: Readonly<Record<string, string>> }) => fields['spec.nodeName'] === 'n1' }
const bound = { spec: { nodeName: 'n1' } }

test('createStoreView() reads what is stored, all of it or a selection', async () => {
  await using store = createMemoryStore()
  const pods = store.collection(testResource)
  await put(pods, 'a', bound)
  await put(pods, 'b')
  const view = createStoreView(store, silentLogger, new AbortController().signal)
  const names = (objects: Iterable<{ metadata: { name?: string } }>) => [...objects].map(({ metadata }) => metadata.name)
  assert.equal(view.get(groupResource, 'default', 'a')?.metadata.name, 'a')
  assert.equal(view.get(groupResource, 'default', 'c'), undefined)
  assert.deepEqual(names(view.list(groupResource)), ['a', 'b'])
  assert.deepEqual(names(view.list(groupResource, 'other')), [])
  assert.deepEqual(names(view.each(groupResource)), ['a', 'b'])
  assert.deepEqual(names(view.each(groupResource, onNode)), ['a'])
  assert.deepEqual(names(view.each(groupResource, { namespace: 'default', name: 'b' })), ['b'])
})

test('createStoreView() follows changes until its signal, of a selection those to it and from it too', async () => {
  await using store = createMemoryStore()
  const pods = store.collection(testResource)
  await put(pods, 'before', bound)
  const end = new AbortController()
  const view = createStoreView(store, silentLogger, end.signal)
  const seen: string[] = []
  const note = (list: string) => (change: ObjectChange) => void seen.push(`${list} ${change.type} ${change.name}`)
  view.follow(groupResource, note('all'))
  view.follow(groupResource, note('n1'), onNode)
  view.follow(groupResource, note('one'), { namespace: 'default', name: 'a' })
  await put(pods, 'a', bound)
  await put(pods, 'b')
  await put(pods, 'a', { spec: {} })
  await store.settled()
  assert.deepEqual(
    seen.filter(line => line.startsWith('all')),
    ['all ADDED a', 'all ADDED b', 'all MODIFIED a'],
  )
  assert.deepEqual(
    seen.filter(line => line.startsWith('n1')),
    ['n1 ADDED a', 'n1 MODIFIED a'],
  )
  assert.deepEqual(
    seen.filter(line => line.startsWith('one')),
    ['one ADDED a', 'one MODIFIED a'],
  )
  end.abort()
  await put(pods, 'late')
  await store.settled()
  assert.ok(!seen.includes('all ADDED late'))
})

test('createStoreView() logs a listener that throws and gives it the next change', async () => {
  await using store = createMemoryStore()
  const pods = store.collection(testResource)
  const errors: unknown[] = []
  const log = { ...silentLogger, error: (message: string, values?: object) => void errors.push([message, { ...values, err: undefined }]) }
  const view = createStoreView(store, log, new AbortController().signal)
  const seen: string[] = []
  view.follow(groupResource, ({ name }) => {
    if (name === 'bad') throw new Error('no index takes this')
    seen.push(name)
  })
  await put(pods, 'bad')
  await put(pods, 'good')
  await store.settled()
  assert.deepEqual(seen, ['good'])
  assert.deepEqual(errors, [['index not kept', { resource: groupResource, object: 'default/bad', err: undefined }]])
})
