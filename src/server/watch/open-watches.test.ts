import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { silentLogger } from '../../base/log.ts'
import { TestClock } from '../testing.ts'
import { OpenWatches } from './open-watches.ts'

test('OpenWatches sends requested bookmarks, to a part of the watches in each round', async () => {
  const watches = new OpenWatches()
  let sent = 0
  for (let i = 0; i < 250; i++) watches.add({ wantsBookmarks: i % 2 === 0, sendBookmark: () => sent++, end: () => undefined })
  const done = watches.sendBookmarks()
  assert.equal(sent, 100)
  await done
  assert.equal(sent, 125)
})

test('OpenWatches ends all watches with the server, and later ones at once', async () => {
  const watches = new OpenWatches()
  const stop = new AbortController()
  const ended: string[] = []
  const watch = (name: string) => ({ wantsBookmarks: false, sendBookmark: () => undefined, end: () => void ended.push(name) })
  const [left, kept] = [watch('left'), watch('kept')]
  watches.add(left)
  watches.add(kept)
  watches.remove(left)
  const running = watches.run(new TestClock(), silentLogger, stop.signal)
  await round()
  assert.equal(watches.size, 1)
  stop.abort(new Error('the server stops'))
  await running
  assert.deepEqual(ended, ['kept'])
  watches.add(watch('late'))
  assert.deepEqual(ended, ['kept', 'late'])
})
