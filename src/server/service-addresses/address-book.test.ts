import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressNumber, addressText } from '../../api/addresses/ipv4-range.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { AddressBook } from './address-book.ts'

function newBook(cidr = '10.96.0.0/16', stored: readonly string[] = []) {
  const inherited: string[] = []
  const book = new AddressBook({ cidr, isStored: address => stored.includes(address), onInherited: address => inherited.push(address) })
  const next = (service = 'a/s'): string | undefined => {
    const number = book.takeNext(service)
    return number === undefined ? undefined : addressText(number)
  }
  return { book, inherited, next }
}

const number = (address: string): number => addressNumber(address) ?? Number.NaN
const cidr = (name: string, cidrs: string[], ready?: 'True' | 'False', ends = false): ServiceCIDR => ({
  metadata: { name, ...(ends ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  spec: { cidrs },
  ...(ready
    ? { status: { conditions: [{ type: 'Ready', status: ready, reason: '', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] } }
    : {}),
})

// Upstream's offsets for the lower part, which is left for addresses that people choose (KEP-3070).
for (const [range, first] of [
  ['10.0.0.0/28', '10.0.0.1'],
  ['10.0.0.0/27', '10.0.0.17'],
  ['10.0.0.0/24', '10.0.0.17'],
  ['10.0.0.0/21', '10.0.0.129'],
  ['10.0.0.0/20', '10.0.1.1'],
  ['10.0.0.0/8', '10.0.1.1'],
] as const)
  test(`AddressBook allocates ${first} of ${range} first`, () => assert.equal(newBook(range).next(), first))

test('AddressBook allocates neither the first nor the last address of a network, and none of the smallest networks', () => {
  const { next } = newBook('10.0.0.8/30')
  assert.deepEqual([next(), next(), next()], ['10.0.0.9', '10.0.0.10', undefined])
  assert.equal(newBook('10.0.0.8/31').next(), undefined)
  assert.equal(newBook('10.0.0.8/32').next(), undefined)
})

test('AddressBook skips addresses with an IPAddress', () => {
  const { book, next } = newBook('10.0.0.0/29', ['10.0.0.2'])
  assert.equal(book.take(number('10.0.0.2'), 'a/s'), false)
  assert.deepEqual([next(), next()], ['10.0.0.1', '10.0.0.3'])
})

test('AddressBook continues in a second range when the first is full, and reuses released addresses', () => {
  const { book, next } = newBook('10.0.0.0/30')
  book.setRanges([cidr('more', ['10.1.0.0/30', 'fd00::/64'])])
  assert.deepEqual([next(), next(), next(), next(), next()], ['10.0.0.1', '10.0.0.2', '10.1.0.1', '10.1.0.2', undefined])
  book.leave(number('10.0.0.2'), 'a/s')
  assert.deepEqual([next(), next()], ['10.0.0.2', undefined])
})

test('AddressBook allocates an address of overlapping ranges once', () => {
  const { book, next } = newBook('10.0.0.0/29')
  book.setRanges([cidr('within', ['10.0.0.0/30'])])
  const given = Array.from({ length: 7 }, () => next())
  assert.deepEqual(given.toSorted(), ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', undefined])
  book.leave(number('10.0.0.2'), 'a/s')
  assert.deepEqual([next(), next()], ['10.0.0.2', undefined])
})

const states: readonly [name: string, cidrs: ServiceCIDR[], given: boolean, within: boolean][] = [
  ['that nobody looked at yet', [cidr('x', ['10.1.0.0/24'])], true, true],
  ['that is ready', [cidr('x', ['10.1.0.0/24'], 'True')], true, true],
  ['that is not ready', [cidr('x', ['10.1.0.0/24'], 'False')], false, true],
  ['that ends', [cidr('x', ['10.1.0.0/24'], 'True', true)], false, true],
  ['that ends while another object has it', [cidr('x', ['10.1.0.0/24'], 'True', true), cidr('y', ['10.1.0.0/24'])], true, true],
  ['that is gone', [], false, false],
]
for (const [name, cidrs, given, within] of states)
  test(`AddressBook and a range ${name}`, () => {
    const { book } = newBook()
    book.setRanges([cidr('x', ['10.1.0.0/24'])])
    book.setRanges(cidrs)
    assert.deepEqual([book.isGiven(number('10.1.0.5')), book.isWithin(number('10.1.0.5'))], [given, within])
    assert.deepEqual([book.isGiven(number('10.1.0.0')), book.isGiven(number('10.1.0.255'))], [false, false])
  })

test("AddressBook allocates from the cluster's own range as its object says, once it exists", () => {
  const { book } = newBook('10.0.0.0/24')
  assert.equal(book.isGiven(number('10.0.0.5')), true)
  book.setRanges([cidr('kubernetes', ['10.0.0.0/24'], 'False', true)])
  assert.equal(book.isGiven(number('10.0.0.5')), false)
  book.setRanges([])
  assert.equal(book.isGiven(number('10.0.0.5')), true)
})

test('AddressBook counts the held addresses of each range, including ranges added later', () => {
  const { book, next } = newBook('10.0.0.0/24')
  next()
  book.take(number('10.0.0.2'), 'a/s')
  book.note(number('10.0.0.3'), 'a/s')
  book.note(number('10.0.0.3'), 'a/t')
  book.setRanges([cidr('part', ['10.0.0.0/30']), cidr('none', ['10.1.0.0/32'])])
  assert.deepEqual(book.uses, [
    { cidr: '10.0.0.0/24', held: 3, free: 251 },
    { cidr: '10.0.0.0/30', held: 1, free: 1 },
    { cidr: '10.1.0.0/32', held: 0, free: 0 },
  ])
  book.leave(number('10.0.0.2'), 'a/s')
  book.leave(number('10.0.0.3'), 'a/s')
  assert.deepEqual(
    book.uses.map(({ held }) => held),
    [2, 0, 0],
  )
})

test('AddressBook passes an address shared by two Services of older data to the second when the first releases it', () => {
  const { book, inherited } = newBook()
  const address = number('10.96.0.5')
  book.note(address, 'a/first')
  book.note(address, 'a/second')
  assert.deepEqual([book.holderOf(address), book.contested()], ['a/first', [[address, 'a/second']]])
  book.leave(address, 'a/first')
  assert.deepEqual([book.holderOf(address), inherited], ['a/second', ['10.96.0.5']])
  assert.equal(book.take(address, 'a/third'), false)
  book.leave(address, 'a/second')
  assert.equal(book.take(address, 'a/third'), true)
})

test('AddressBook refuses a cluster range that is not an IPv4 network', () => {
  for (const range of ['10.0.0.0', 'fd00::/64', '']) assert.throws(() => newBook(range), /want an IPv4 network/)
})
