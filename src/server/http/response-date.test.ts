import assert from 'node:assert/strict'
import { test } from 'node:test'
import { responseDate } from './response-date.ts'

test('responseDate() is the second of its argument, regardless of earlier calls', () => {
  const moment = Date.UTC(1994, 10, 6, 8, 49, 37)
  const texts = [moment, moment + 999, moment + 1000, moment].map(responseDate)
  const [first, next] = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:38 GMT']
  assert.deepEqual(texts, [first, first, next, first])
})
