import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formats } from './formats.ts'

const rows: readonly [format: string, fits: string[], misfits: string[]][] = [
  ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77', '507f1f77bcf86cd79943901z']],
  [
    'uri',
    ['https://example.com/a?b=c', '/path', 'urn:a:b', '*', 'https://a/#b', 'https://a/b c'],
    ['no uri', 'a b', 'relative', 'https://a#b', 'https://a b/', ''],
  ],
  [
    'email',
    [
      'a@example.com',
      'A B <a@example.com>',
      '"a b"@c',
      '"A, B" <a.b@[192.0.2.1]>',
      // By Go 1.24, with which v1.33 is built; later versions require `IPv6:` before it.
      'a@[::1]',
      'a@b (A (B\\)))',
      'é@b',
      '<a@b>',
      'A: a@b;',
      'A (x) B. <a@b> ()',
    ],
    [
      'a',
      'a@',
      '@example.com',
      '',
      'a b@c',
      '.a@b',
      'a..b@c',
      'a@b.',
      '""@b',
      '"a@b',
      'a@[x]',
      'a@[IPv6:::1]',
      'a@b>',
      '<a@b',
      'a@b (',
      'a@b, c@d',
      'A:;',
      'A: a@b, c@d;',
      'a@b\n',
    ],
  ],
  [
    'hostname',
    ['example.com', 'a', 'a-b-c.example.com', 'a-b', 'a-', '☺.com', `${'a'.repeat(63)}.de`],
    [
      '',
      '-a.example.com',
      'a b',
      'a-b-c',
      'example.com.',
      'a.b',
      '192.0.2.1',
      'a_b.com',
      'a..com',
      `${'a'.repeat(64)}.de`,
      `${'a.'.repeat(127)}de`,
    ],
  ],
  ['ipv4', ['192.0.2.1', '::ffff:192.0.2.1'], ['::1', '192.0.2', '192.0.2.256', '']],
  ['ipv6', ['::1', '2001:db8::1'], ['192.0.2.1', ':::']],
  ['cidr', ['192.0.2.0/24', '2001:db8::/32'], ['192.0.2.0', '192.0.2.0/33']],
  [
    'mac',
    [
      '01:23:45:67:89:ab',
      '01-23-45-67-89-ab-CD-EF',
      '0123.4567.89ab',
      '0123.4567.89ab.cdef',
      `01${':02'.repeat(19)}`,
      `0102${'.0304'.repeat(9)}`,
    ],
    ['01:23:45', '01:23:45:67:89:zz', '01:23-45:67:89:ab', '01:23:45:67:89:ab:cd'],
  ],
  ['uuid', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['a0eebc99']],
  ['uuid3', ['a0eebc99-9c0b-3ef8-bb6d-6bb9bd380a11'], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  ['uuid4', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['a0eebc99-9c0b-3ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-cb6d-6bb9bd380a11']],
  ['isbn', ['0321751043', '978-0321751041'], ['0321751044', '1234']],
  ['creditcard', ['4111 1111 1111 1111'], ['4111111111111112', '1']],
  ['ssn', ['111-22-3333', '111 22 3333'], ['1-2-3', '111223333']],
  ['hexcolor', ['#fff', '00ff00'], ['#ff', 'red']],
  ['rgbcolor', ['rgb(0, 255, 7)', 'rgb( 1 ,2,99)'], ['rgb(0, 256, 7)', 'rgb(1)', 'rgb(1,02,3)']],
  ['byte', ['aGk=', 'a+/b'], ['', 'aGk', '*', '====', 'a-_b']],
  ['date', ['2024-02-29'], ['2023-02-29', '2024-2-1', 'today']],
  [
    'duration',
    ['1h30m', '22 ns', '5 days', '1.5s', 'in 3 Minutes', '1 2 weeks'],
    ['', 'soon', '5 fortnights', '9223372036854775808 s', '7'.repeat(1e6)],
  ],
  [
    'datetime',
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5+01:00', '2024-01-01t23:59:59z'],
    ['2024-01-01', 'now', '2024-02-30T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01T00:00:60Z', '2024-01-01 00:00:00Z'],
  ],
]
for (const [format, fits, misfits] of rows) {
  test(`format ${format}`, () => {
    const validate = formats.get(format)
    assert.ok(validate)
    for (const text of fits) assert.equal(validate(text), true, text)
    for (const text of misfits) assert.equal(validate(text), false, text)
  })
}
