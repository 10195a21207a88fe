import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerHeaders, hasHeader, headersByName } from './answer-headers.ts'
import type { FinalReply } from './exchange.ts'

const headersOf = (more: Partial<FinalReply>) =>
  answerHeaders({
    status: 200,
    contentType: 'application/json',
    body: Buffer.alloc(0),
    auditId: 'a',
    warnings: [],
    done: () => undefined,
    ...more,
  })
const warningsOf = (warnings: readonly string[]) => [headersByName(headersOf({ warnings }))['warning']].flat()

test("answerHeaders() contains the common headers, overridden by the reply's", () => {
  const usual = ['content-type', 'application/json', 'cache-control', 'no-cache, private', 'audit-id', 'a']
  assert.deepEqual(headersOf({}), usual)
  assert.deepEqual(headersOf({ contentType: '' }), usual.slice(2))
  const own = { 'cache-control': 'public', 'set-cookie': ['a=b', 'c=d'] }
  const expected = [...usual.slice(0, 2), ...usual.slice(4), 'cache-control', 'public', 'set-cookie', 'a=b', 'set-cookie', 'c=d']
  assert.deepEqual(headersOf({ headers: own }), expected)
  assert.deepEqual([hasHeader(expected, 'cache-control'), hasHeader(expected, 'public')], [true, false])
  assert.deepEqual(headersByName(expected), { 'content-type': 'application/json', 'audit-id': 'a', ...own })
})

test('answerHeaders() truncates long warnings and drops those beyond the total', () => {
  assert.deepEqual(warningsOf(['x'.repeat(5000), 'y'.repeat(2048), 'z']), [`299 - "${'x'.repeat(2048)}"`, `299 - "${'y'.repeat(2048)}"`])
})

test('answerHeaders() removes line ends from warnings', () => {
  assert.deepEqual(warningsOf(['a"b\\\r\nset-cookie: c']), ['299 - "a\\"b\\\\? set-cookie: c"'])
})
