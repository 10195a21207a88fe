import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeJson } from '../../base/write-json.ts'
import { PodAddresses } from './pod-addresses.ts'

test('addresses are assigned in order, each to one pod at a time, from the second host on', () => {
  const addresses = new PodAddresses('10.244.3.0/29')
  const first = Array.from({ length: 5 }, () => addresses.take())
  assert.deepEqual(first, ['10.244.3.2', '10.244.3.3', '10.244.3.4', '10.244.3.5', '10.244.3.6'])
  assert.equal(addresses.take(), undefined)
  addresses.giveBack('10.244.3.4')
  addresses.giveBack('10.244.3.2')
  assert.deepEqual([addresses.take(), addresses.take(), addresses.take()], ['10.244.3.2', '10.244.3.4', undefined])
})

test('a released address is not the next one', () => {
  const addresses = new PodAddresses('172.16.255.128/25')
  assert.equal(addresses.take(), '172.16.255.130')
  addresses.giveBack('172.16.255.130')
  assert.equal(addresses.take(), '172.16.255.131')
})

for (const range of ['', '10.244.0.0', '10.244.0.256/24', '10.244.0.0/31', 'fd00::/64'])
  test(`${writeJson(range)} is no range for pods`, () => {
    assert.throws(() => new PodAddresses(range), /is not an IPv4 range with room for a pod/)
  })
