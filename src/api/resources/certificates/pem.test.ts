import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestBlock } from './pem.ts'

const block = (type: string, text: string): string =>
  `-----BEGIN ${type}-----\n${Buffer.from(text).toString('base64')}\n-----END ${type}-----\n`
const request = block('CERTIFICATE REQUEST', 'one')
const problem = { problem: 'PEM block type must be CERTIFICATE REQUEST' }
const texts: readonly (readonly [what: string, pem: string, found: object])[] = [
  ['a request', request, { der: Buffer.from('one') }],
  ['text before a request', `Certificate Request:\n  Data:\n${request}`, { der: Buffer.from('one') }],
  ['what follows a request', `${request}${block('CERTIFICATE REQUEST', 'two')}`, { der: Buffer.from('one') }],
  ['a certificate before a request', `${block('CERTIFICATE', 'x')}${request}`, problem],
  ['a request of Netscape', block('NEW CERTIFICATE REQUEST', 'x'), problem],
  ['no block', 'x', problem],
]
for (const [what, pem, found] of texts) {
  test(`requestBlock() reads ${what}`, () => {
    assert.deepEqual(requestBlock(pem), found)
  })
}
