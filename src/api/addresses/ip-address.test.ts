import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FieldError } from '../field-error.ts'
import { formatIp, isDualStack, parseCidr, parseIp, validateNonSpecialIp } from './ip-address.ts'

describe('parseIp()', () => {
  const rows: readonly (readonly [text: string, bytes: readonly number[] | undefined])[] = [
    ['10.1.2.3', [10, 1, 2, 3]],
    ['010.001.002.003', [10, 1, 2, 3]],
    ['::ffff:10.1.2.3', [10, 1, 2, 3]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['2001:db8::1:2', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]],
    ['2001:00db8::00001', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['::12345', undefined],
    ['256.1.1.1', undefined],
    ['1.2.3', undefined],
    ['', undefined],
    ['fe80::1%eth0', undefined],
    ['localhost', undefined],
  ]
  for (const [text, bytes] of rows) test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseIp(text), bytes))
})

const forms: readonly (readonly [written: string, form: string])[] = [
  ['010.001.2.3', '10.1.2.3'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['0:0:0:0:0:0:0:0', '::'],
]
for (const [written, form] of forms) {
  test(`formatIp() writes ${written} as ${form}`, () => {
    assert.equal(formatIp(parseIp(written) ?? []), form)
  })
}

test('parseCidr() bounds the prefix by the family', () => {
  assert.equal(parseCidr('10.0.0.0/24')?.prefixLength, 24)
  assert.equal(parseCidr('10.0.0.0/00024')?.prefixLength, 24)
  assert.equal(parseCidr('2001:db8::/64')?.prefixLength, 64)
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '::/129', 'a/8', '10.0.0.0/'])
    assert.equal(parseCidr(text), undefined, text)
})

test('isDualStack() requires both families', () => {
  assert.ok(isDualStack([parseIp('10.0.0.1'), parseIp('::1')]))
  assert.ok(!isDualStack([parseIp('10.0.0.1'), parseIp('10.0.0.2')]))
})

describe('validateNonSpecialIp()', () => {
  const rows: readonly (readonly [text: string, part: string])[] = [
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['127.1.2.3', 'loopback'],
    ['::1', 'loopback'],
    ['169.254.169.254', 'link-local range'],
    ['fe80::1', 'link-local range'],
    ['224.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'],
    ['x', 'must be a valid IP'],
  ]
  const validate = (text: string): FieldError[] => {
    const errors: FieldError[] = []
    validateNonSpecialIp(text, 'ip', errors)
    return errors
  }
  for (const [text, part] of rows) {
    test(`refuses ${text}`, () => {
      assert.equal(validate(text).length, 1)
      assert.ok(validate(text)[0]?.message.includes(part), validate(text)[0]?.message)
    })
  }
  test('accepts ordinary addresses', () => assert.deepEqual([...validate('10.0.0.1'), ...validate('2001:db8::1')], []))
})
