import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoredEntry } from './entry.ts'
import { object } from './objects.fixture.ts'

test('StoredEntry.objectOnce keeps nothing, and `object` keeps what it parsed', () => {
  const pod = object('a', { data: { k: 'v' } })
  const entry = new StoredEntry({
    ...{ namespace: 'default', name: 'a', revision: 1, bytes: Buffer.from(JSON.stringify(pod)) },
    ...{ labels: undefined, extraFields: undefined },
  })
  const seen = entry.objectOnce
  assert.deepEqual(seen, pod)
  assert.equal(Object.isFrozen(seen), false)
  assert.equal(entry.objectAtHand, undefined)
  const kept = entry.object
  assert.equal(Object.isFrozen(kept.metadata), true)
  assert.equal(entry.objectOnce, kept)
})
