import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedPulls } from './shared-pulls.ts'

/** A registry that answers when the test lets it. */
function setUp() {
  const running: { image: string; signal: AbortSignal; finish(): void; fail(err: Error): void }[] = []
  const pulls = new SharedPulls({
    pullImage: (image, _auth, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        running.push({ image, signal, finish: () => resolve(`id of ${image}`), fail: reject })
      }),
  })
  return { pulls, running, images: () => running.map(({ image }) => image) }
}
const { signal } = new AbortController()

test('pull() pulls an image once for several callers, and again afterwards', async () => {
  const { pulls, running } = setUp()
  const both = [pulls.pull('a', undefined, signal), pulls.pull('a', undefined, signal)]
  assert.equal(running.length, 1)
  running[0]?.finish()
  assert.deepEqual(await Promise.all(both), ['id of a', 'id of a'])
  const again = pulls.pull('a', undefined, signal)
  assert.equal(running.length, 2)
  running[1]?.finish()
  await again
})

test('pull() shares nothing between different credentials', () => {
  const { pulls, running } = setUp()
  void pulls.pull('a', { username: 'x', password: 'p' }, signal)
  void pulls.pull('a', { username: 'x', password: 'q' }, signal)
  void pulls.pull('a', undefined, signal)
  assert.equal(running.length, 3)
})

test('pull() runs four at once, and a failed one frees its slot too', async () => {
  const { pulls, running, images } = setUp()
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map(image => pulls.pull(image, undefined, signal).catch((err: unknown) => String(err)))
  assert.deepEqual(images(), ['a', 'b', 'c', 'd'])
  running[0]?.fail(new Error('no such image'))
  assert.equal(await all[0], 'Error: no such image')
  running[1]?.finish()
  await all[1]
  assert.deepEqual(images(), ['a', 'b', 'c', 'd', 'e', 'f'])
  for (const { finish } of running) finish()
  await Promise.all(all)
})

test('pull() continues while one caller waits, and ends when none does', async () => {
  const { pulls, running } = setUp()
  const [first, second] = [new AbortController(), new AbortController()]
  const waits = [pulls.pull('a', undefined, first.signal), pulls.pull('a', undefined, second.signal)].map(wait => wait.catch(String))
  first.abort(new Error('pod gone'))
  assert.equal(await waits[0], 'Error: pod gone')
  assert.equal(running[0]?.signal.aborted, false)
  second.abort(new Error('pod gone too'))
  assert.equal(await waits[1], 'Error: pod gone too')
  assert.equal(running[0]?.signal.aborted, true)
  const later = pulls.pull('a', undefined, signal)
  assert.equal(running.length, 2)
  running[1]?.finish()
  assert.equal(await later, 'id of a')
})

test('pull() drops a waiting pull whose caller has gone', async () => {
  const { pulls, running, images } = setUp()
  const all = ['a', 'b', 'c', 'd'].map(image => pulls.pull(image, undefined, signal))
  const gone = new AbortController()
  const waiting = pulls.pull('e', undefined, gone.signal).catch(String)
  const last = pulls.pull('f', undefined, signal)
  gone.abort(new Error('pod gone'))
  assert.equal(await waiting, 'Error: pod gone')
  running[0]?.finish()
  await all[0]
  assert.deepEqual(images(), ['a', 'b', 'c', 'd', 'f'])
  for (const { finish } of running) finish()
  await Promise.all([...all, last])
})
