import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../base/log.ts'
import { followChanges } from './follow-changes.ts'
import { createMemoryStore } from './memory.ts'
import { put, testResource } from './objects.fixture.ts'

async function followed(parts: Partial<Parameters<typeof followChanges>[1]>): Promise<string[]> {
  await using store = createMemoryStore()
  const pods = store.collection(testResource)
  const seen: string[] = []
  followChanges(pods, { after: store.revision, signal: new AbortController().signal, ...parts }, ({ event: { entry } }) => {
    if (entry.name === 'bad') throw new Error('no index takes this')
    seen.push(entry.name)
  })
  for (const name of ['first', 'bad', 'last']) await put(pods, name)
  await store.settled()
  return seen
}

test('followChanges() gives an index the changes after one that it could not take, and logs that', async () => {
  const errors: unknown[] = []
  const log = { ...silentLogger, error: (message: string, values?: object) => void errors.push([message, { ...values, err: undefined }]) }
  assert.deepEqual(await followed({ log }), ['first', 'last'])
  const object = { resource: testResource.groupResource, object: 'default/bad', err: undefined }
  assert.deepEqual(errors, [['index not kept', object]])
})

test('followChanges() without a log ends at the first change that the listener could not take', async () => {
  assert.deepEqual(await followed({}), ['first'])
})
