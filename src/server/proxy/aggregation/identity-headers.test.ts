import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityHeaders } from './identity-headers.ts'

test('identityHeaders() escapes keys like Go’s client, and omits empty values', () => {
  const headers = identityHeaders({ name: 'ann', groups: [], extra: { 'a/b c%': ['1', '2'], none: [] } })
  assert.deepEqual(headers, { 'x-remote-user': 'ann', 'x-remote-extra-a%2fb%20c%25': ['1', '2'] })
})

for (const [what, user] of [
  ['name', { name: 'ann\r\nX-Remote-Group: system:masters', groups: [] }],
  ['group', { name: 'ann', groups: ['a\nb'] }],
  ['extra value', { name: 'ann', groups: [], extra: { a: ['\0'] } }],
] as const) {
  test(`identityHeaders() refuses a ${what} that would start another header`, () => {
    assert.throws(() => identityHeaders(user), /no header can carry/)
  })
}
