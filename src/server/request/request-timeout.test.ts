import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason, timedOut } from '../../api/status.ts'
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

const late = () => timedOut('late')

test('Deadlines ends what takes longer than it may, whatever is asked for first, and nothing else', async () => {
  const deadlines = new Deadlines()
  const never = new Promise<string>(() => undefined)
  const ended: number[] = []
  const ending = (ms: number) =>
    assert.rejects(deadlines.within(never, ms, late), err => {
      ended.push(ms)
      return isReason(err, 'Timeout')
    })
  const { promise, resolve } = Promise.withResolvers<string>()
  const slow = deadlines.within(promise, 60_000, late)
  await Promise.all([ending(30), ending(1), ending(15)])
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    [1, 15, 30],
  )
  resolve('done')
  assert.equal(await slow, 'done')
  await assert.rejects(deadlines.within(Promise.reject(new Error('of the work')), 60_000, late), /of the work/)
})
