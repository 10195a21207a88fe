import assert from 'node:assert/strict'
import { EventEmitter, getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { drainsOf, maxStallMs, type OnDrain, untilDrained } from './drained.ts'

const listening = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('untilDrained()', () => {
  for (const [name, onDrain] of [
    ['later', (listener: (() => void) | undefined) => void (listener && setImmediate(listener))],
    ['at once', (listener: (() => void) | undefined) => listener?.()],
  ] as const satisfies readonly (readonly [string, OnDrain])[])
    test(`resolves if the drain comes ${name}, and leaves no listener and no timer`, async t => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const { signal } = new AbortController()
      await untilDrained(onDrain, signal, maxStallMs)
      assert.equal(listening(signal), 0)
      t.mock.timers.tick(2 * maxStallMs)
    })

  test('rejects with the reason of the signal, before or while it waits', async () => {
    const controller = new AbortController()
    let kept: (() => void) | undefined
    const waits = untilDrained(listener => {
      kept = listener
    }, controller.signal)
    assert.notEqual(kept, undefined)
    controller.abort(new Error('gone'))
    await assert.rejects(waits, /gone/)
    assert.equal(kept, undefined)
    await assert.rejects(
      untilDrained(() => assert.fail('not asked'), controller.signal),
      /gone/,
    )
  })
})

test('drainsOf() keeps one listener, and none after it was called or removed', () => {
  const stream = new EventEmitter()
  const onDrain = drainsOf(stream)
  const calls: string[] = []
  onDrain(() => calls.push('first'))
  onDrain(() => calls.push('second'))
  assert.equal(stream.listenerCount('drain'), 1)
  stream.emit('drain')
  stream.emit('drain')
  assert.deepEqual(calls, ['second'])
  onDrain(() => calls.push('third'))
  onDrain(undefined)
  assert.equal(stream.listenerCount('drain'), 0)
})
