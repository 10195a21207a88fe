import assert from 'node:assert/strict'
import { sensitiveHeaders } from 'node:http2'
import { test } from 'node:test'
import { respond, takesLists } from './respond-http2.ts'

test('respond() sends the same head as a list and, where Node takes none, as an object', () => {
  const sent: unknown[] = []
  const marked: unknown[] = []
  const stream = {
    respond: (head: object = {}, options?: unknown) => {
      marked.push(Object.getOwnPropertyDescriptor(head, sensitiveHeaders)?.value)
      sent.push([Array.isArray(head) ? [...(head as unknown[])] : Object.fromEntries(Object.entries(head)), options])
    },
  }
  const headers = () => ['audit-id', 'a', 'warning', 'b', 'warning', 'c']
  respond(stream, 200, headers(), false, true)
  respond(stream, 304, headers(), true, false)
  assert.deepEqual(sent, [
    [[':status', '200', ...headers()], { endStream: false }],
    [{ ':status': 304, 'audit-id': 'a', warning: ['b', 'c'] }, { endStream: true }],
  ])
  assert.deepEqual(marked, [['audit-id'], ['audit-id']], 'what is new in each answer stays out of the table of headers')
})

test('takesLists() knows the versions of Node', () => {
  assert.deepEqual(['24.6.3', '24.7.0', '26.0.0', '22.21.0'].map(takesLists), [false, true, true, false])
})
