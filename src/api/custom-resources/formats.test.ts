import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formats } from './formats.ts'

const rows: readonly [format: string, fits: string[], misfits: string[]][] = [
  ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77', '507f1f77bcf86cd79943901z']],
  ['uri', ['https://example.com/a?b=c', '/path', 'urn:a:b'], ['no uri', 'a b', 'relative']],
  ['email', ['a@example.com', 'A B <a@example.com>'], ['a', 'a@', '@example.com']],
  ['hostname', ['example.com', 'a', 'a-b.example.com.'], ['', '-a.example.com', 'a b']],
  ['ipv4', ['192.0.2.1'], ['::1', '192.0.2', '192.0.2.256']],
  ['ipv6', ['::1', '2001:db8::1'], ['192.0.2.1', ':::']],
  ['cidr', ['192.0.2.0/24', '2001:db8::/32'], ['192.0.2.0', '192.0.2.0/33']],
  ['mac', ['01:23:45:67:89:ab', '01-23-45-67-89-ab', '0123.4567.89ab'], ['01:23:45', '01:23:45:67:89:zz']],
  ['uuid', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['a0eebc99']],
  ['uuid3', ['a0eebc99-9c0b-3ef8-bb6d-6bb9bd380a11'], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  ['uuid4', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['a0eebc99-9c0b-3ef8-bb6d-6bb9bd380a11']],
  ['isbn', ['0321751043', '978-0321751041'], ['0321751044', '1234']],
  ['creditcard', ['4111 1111 1111 1111'], ['4111111111111112', '1']],
  ['ssn', ['111-22-3333'], ['1-2-3']],
  ['hexcolor', ['#fff', '00ff00'], ['#ff', 'red']],
  ['rgbcolor', ['rgb(0, 255, 7)'], ['rgb(0, 256, 7)', 'rgb(1)']],
  ['byte', ['', 'aGk='], ['aGk', '*']],
  ['date', ['2024-02-29'], ['2023-02-29', '2024-2-1', 'today']],
  [
    'duration',
    ['1h30m', '22 ns', '5 days', '1.5s', 'in 3 Minutes', '1 2 weeks'],
    ['', 'soon', '5 fortnights', '9223372036854775808 s', '7'.repeat(1e6)],
  ],
  ['datetime', ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5+01:00'], ['2024-01-01', 'now']],
]
for (const [format, fits, misfits] of rows) {
  test(`format ${format}`, () => {
    const judge = formats.get(format)
    assert.ok(judge)
    for (const text of fits) assert.equal(judge(text), true, text)
    for (const text of misfits) assert.equal(judge(text), false, text)
  })
}
