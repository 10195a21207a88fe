import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenOf } from './credential.ts'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const rows: readonly (readonly [what: string, header: string | undefined, token: string | undefined])[] = [
  ['nothing', undefined, undefined],
  ['a bearer token', 'Bearer t.o.k', 't.o.k'],
  ['the password of a login, whatever its user', basic('somebody:t.o'), 't.o'],
  ['a login without a password', basic('somebody:'), undefined],
  ['a login without a colon', basic('somebody'), undefined],
  ['two tokens', 'Bearer a b', undefined],
  ['a password that is no token', basic('somebody:päss'), undefined],
  ['a password with a colon', basic('somebody:t:o'), undefined],
  ['another scheme', 'Negotiate abc', undefined],
]
for (const [what, header, token] of rows) test(`tokenOf() reads ${what}`, () => assert.equal(tokenOf(header), token))
