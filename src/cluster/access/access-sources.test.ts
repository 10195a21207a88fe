import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { object, put, testResource } from '../../store/objects.fixture.ts'
import { createStoreView } from '../../store/store-view.ts'
import { nodeGraphSource } from './access-sources.ts'

test('nodeGraphSource() gives each pod that is on a node, and parses none that waits for one', async () => {
  await using store = createMemoryStore()
  const pods = store.collection(testResource)
  const entries = [await put(pods, 'bound', { spec: { nodeName: 'n1' } }), await put(pods, 'waiting')]
  for (const entry of entries) Object.defineProperty(entry, 'objectOnce', { get: () => object(`seen-${entry.name}`) })
  const seen = [...nodeGraphSource(createStoreView(store, silentLogger, new AbortController().signal)).each()]
  assert.deepEqual(
    seen.map(({ resource, object: { metadata } }) => [resource, metadata.name]),
    [['pods', 'seen-bound']],
  )
})
