import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressNumber, addressText, holds, overlap, rangeOf } from './ipv4-range.ts'

test('addressNumber() and addressText() are inverse functions', () => {
  for (const text of ['0.0.0.0', '10.96.0.1', '128.0.0.0', '255.255.255.255']) assert.equal(addressText(addressNumber(text) ?? -1), text)
})

const noAddress = ['', '10.0.0', '10.0.0.256', '10.0.0.1.2', '10.0.0.x', 'fd00::1', '10.0.0.1/24']
test('addressNumber() rejects any other text', () => {
  for (const text of noAddress) assert.equal(addressNumber(text), undefined, text)
})

const ranges: readonly [cidr: string, first: string, last: string][] = [
  ['10.96.0.0/16', '10.96.0.0', '10.96.255.255'],
  ['10.96.3.7/24', '10.96.3.0', '10.96.3.255'],
  ['200.1.2.3/32', '200.1.2.3', '200.1.2.3'],
  ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
]
for (const [cidr, first, last] of ranges)
  test(`rangeOf() ${cidr}`, () => assert.deepEqual(rangeOf(cidr), { first: addressNumber(first), last: addressNumber(last) }))

test('rangeOf() rejects any other text', () => {
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', 'fd00::/64', '::ffff:10.0.0.0/104'])
    assert.equal(rangeOf(text), undefined, text)
})

test('holds() and overlap() include both ends', () => {
  const range = { first: 10, last: 20 }
  assert.deepEqual(
    [9, 10, 20, 21].map(number => holds(range, number)),
    [false, true, true, false],
  )
  const others = [
    { first: 0, last: 9 },
    { first: 0, last: 10 },
    { first: 20, last: 30 },
    { first: 21, last: 30 },
  ]
  assert.deepEqual(
    others.map(other => [overlap(range, other), overlap(other, range)]),
    [
      [false, false],
      [true, true],
      [true, true],
      [false, false],
    ],
  )
})
