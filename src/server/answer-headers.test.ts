import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerHeaders } from './answer-headers.ts'

const warningsOf = (warnings: readonly string[]) =>
  answerHeaders({ status: 200, contentType: 'application/json', body: Buffer.alloc(0), auditId: 'a', warnings, done: () => undefined })[
    'warning'
  ]

test('answerHeaders() cuts long warnings and leaves out those beyond the sum', () => {
  assert.deepEqual(warningsOf(['x'.repeat(5000), 'y'.repeat(2048), 'z']), [`299 - "${'x'.repeat(2048)}"`, `299 - "${'y'.repeat(2048)}"`])
})

test('answerHeaders() lets no warning end its header', () => {
  assert.deepEqual(warningsOf(['a"b\\\r\nset-cookie: c']), ['299 - "a\\"b\\\\? set-cookie: c"'])
})
