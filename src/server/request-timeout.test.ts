import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../api/status.ts'
import { parseQuery } from './query.ts'
import { requestTimeout, withinTimeout } from './request-timeout.ts'

const timeoutOf = (text: string) =>
  requestTimeout({ isResource: false, verb: 'get', path: '/', query: parseQuery(`timeout=${encodeURIComponent(text)}`) })

const durations: readonly (readonly [string, number | undefined])[] = [
  ['1s', 1000],
  ['1.5s', 1500],
  ['1s500ms', 1500],
  ['0', undefined],
  ['-5s', undefined],
  ['5m', undefined],
  ['', undefined],
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

test('withinTimeout() ends what takes longer with a 504', async () => {
  const never = new Promise<string>(() => undefined)
  await assert.rejects(withinTimeout(never, 1), err => isReason(err, 'Timeout'))
  assert.equal(await withinTimeout(Promise.resolve('done'), 1000), 'done')
})
