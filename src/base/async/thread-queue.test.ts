import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThreadQueue, ThreadQueueFull } from './thread-queue.ts'

const echo = 'import { parentPort, workerData } from "node:worker_threads"; parentPort.postMessage({ answer: workerData })'
const module = new URL(`data:text/javascript,${encodeURIComponent(echo)}`)
const queue = (maxWaiting?: { ofFlow: number; inAll: number }) =>
  new ThreadQueue<string, string>({ name: 'echo', module, memoryMiB: 64, ...(maxWaiting ? { maxWaiting } : {}) })
const { signal } = new AbortController()

test('ThreadQueue alternates between flows', async () => {
  const pieces = queue()
  const done: string[] = []
  const run = (flow: string, work: string) => pieces.run(work, signal, flow).then(answer => done.push(answer))
  await Promise.all([run('a', 'a1'), run('a', 'a2'), run('a', 'a3'), run('a', 'a4'), run('b', 'b1'), run('b', 'b2'), run('c', 'c1')])
  assert.deepEqual(done, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('ThreadQueue rejects work above its limits, per flow and in total', async () => {
  const pieces = queue({ ofFlow: 2, inAll: 3 })
  const run = (flow: string) =>
    pieces.run('', signal, flow).then(
      () => 'done',
      (err: unknown) => (err instanceof ThreadQueueFull ? 'full' : String(err)),
    )
  // The first one runs at once.
  const outcomes = [run('a'), run('a'), run('a'), run('a'), run('b'), run('b'), run('c')]
  assert.deepEqual(await Promise.all(outcomes), ['done', 'done', 'done', 'full', 'done', 'full', 'full'])
  assert.equal(await run('a'), 'done')
})

test('ThreadQueue frees the place of a piece that is no longer awaited', async () => {
  const pieces = queue({ ofFlow: 1, inAll: 1 })
  const gone = new AbortController()
  const first = pieces.run('1', signal)
  const second = pieces.run('2', gone.signal)
  await assert.rejects(pieces.run('3', signal), ThreadQueueFull)
  gone.abort(new Error('gone'))
  await assert.rejects(second, /gone/)
  assert.deepEqual(await Promise.all([first, pieces.run('4', signal)]), ['1', '4'])
})
