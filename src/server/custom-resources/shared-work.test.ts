import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedWork } from './shared-work.ts'

interface Begun {
  readonly keys: readonly object[]
  readonly signal: AbortSignal
  readonly end: () => void
  readonly fail: (err: Error) => void
}

function started(): { work: SharedWork<object>; begun: Begun[] } {
  const begun: Begun[] = []
  const work = new SharedWork<object>((keys, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => reject(signal.reason))
    begun.push({ keys, signal, end: resolve, fail: reject })
    return promise
  })
  return { work, begun }
}
const never = new AbortController().signal
const [a, b, c] = [{}, {}, {}]

test('SharedWork does shared keys once, and starts the missing ones', async () => {
  const { work, begun } = started()
  const both = [work.do([a, b], never), work.do([b, c], never)]
  assert.deepEqual(
    begun.map(({ keys }) => keys),
    [[a, b], [c]],
  )
  for (const { end } of begun) end()
  await Promise.all(both)
  const again = work.do([a], never)
  assert.equal(begun.length, 3)
  begun[2]?.end()
  await again
})

test('SharedWork continues as long as a caller waits, and is aborted after the last one', async () => {
  const { work, begun } = started()
  const [first, second] = [new AbortController(), new AbortController()]
  const waiting = [work.do([a], first.signal), work.do([a], second.signal)]
  first.abort(new Error('first is gone'))
  await assert.rejects(waiting[0] ?? Promise.resolve(), /first is gone/)
  assert.equal(begun[0]?.signal.aborted, false)
  second.abort(new Error('second is gone'))
  await assert.rejects(waiting[1] ?? Promise.resolve(), /second is gone/)
  assert.equal(begun[0]?.signal.aborted, true)
  const third = work.do([a], never)
  assert.equal(begun.length, 2)
  begun[1]?.end()
  await third
})

test('SharedWork rejects all waiting callers if it fails, and the next caller starts it again', async () => {
  const { work, begun } = started()
  const waiting = [work.do([a], never), work.do([a, b], never)]
  begun[0]?.fail(new Error('no'))
  for (const one of waiting) await assert.rejects(one, /no/)
  begun[1]?.end()
  const next = work.do([a], never)
  assert.equal(begun.length, 3)
  begun[2]?.end()
  await next
})
