import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearerToken } from './bearer-token.ts'

test('bearerToken() looks at no token of more than 16 KiB', () => {
  assert.equal(bearerToken(`Bearer ${'a'.repeat(16_384)}`).form, 'token')
  assert.deepEqual(bearerToken(`Bearer ${'a'.repeat(16_385)}`), { form: 'malformed', reason: 'the bearer token is too long' })
})
