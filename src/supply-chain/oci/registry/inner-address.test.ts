import assert from 'node:assert/strict'
import { test } from 'node:test'
import { innerAddress } from './inner-address.ts'

test('innerAddress() names what is not the public Internet, in any notation', () => {
  const rows: readonly [string, string][] = [
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['0.0.0.0', 'this machine'],
    ['10.1.2.3', 'private'],
    ['172.31.0.1', 'private'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'shared by carriers'],
    ['169.254.169.254', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['::1', 'loopback or unspecified'],
    ['::', 'loopback or unspecified'],
    ['::127.0.0.1', 'loopback or unspecified'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a00:1', 'private'],
    ['64:ff9b::7f00:1', 'a translated IPv4 address'],
    ['2002:7f00:1::', 'a translated IPv4 address'],
    ['fd12::1', 'private'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['ff02::1', 'multicast'],
    ['example.com', 'not an address'],
    ['', 'not an address'],
  ]
  for (const [address, what] of rows) assert.equal(innerAddress(address), what, address)
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])
    assert.equal(innerAddress(address), undefined, address)
})
