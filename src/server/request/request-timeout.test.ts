import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from './query.ts'
import { Deadlines, requestTimeout } from './request-timeout.ts'

const timeoutOf = (text: string) =>
  requestTimeout({ isResource: false, verb: 'get', path: '/', query: parseQuery(`timeout=${encodeURIComponent(text)}`) })

const durations: readonly (readonly [string, number])[] = [
  ['1s', 1000],
  ['1.5s', 1500],
  ['1s500ms', 1500],
  ['0', 60_000],
  ['-5s', 60_000],
  ['5m', 60_000],
  ['', 60_000],
]
for (const [text, expected] of durations) {
  test(`requestTimeout() reads ${JSON.stringify(text)} as ${expected}`, () => assert.equal(timeoutOf(text), expected))
}

const malformed: readonly (readonly [string, RegExp])[] = [
  ['abc', /time: invalid duration "abc"/],
  ['5', /time: missing unit in duration "5"/],
  ['5x', /time: unknown unit "x" in duration "5x"/],
]
for (const [text, message] of malformed) {
  test(`requestTimeout() refuses ${JSON.stringify(text)}`, () => assert.throws(() => timeoutOf(text), message))
}

test('Deadlines calls back for what takes too long, whatever was added first, and for nothing else', async () => {
  const deadlines = new Deadlines()
  const passed: number[] = []
  const removed = deadlines.add(20, () => passed.push(-1))
  deadlines.remove(removed)
  const far = deadlines.add(60_000, () => passed.push(60_000))
  await Promise.all([30, 1, 15].map(ms => new Promise<void>(resolve => deadlines.add(ms, () => resolve(void passed.push(ms))))))
  assert.deepEqual(
    passed.toSorted((a, b) => a - b),
    [1, 15, 30],
  )
  deadlines.remove(far)
  deadlines.remove(far)
})
