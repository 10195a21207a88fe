import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialAddress, isReachable } from './dial-address.ts'

const refused = ['127.0.0.1', '127.9.9.9', '169.254.169.254', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'ff02::1']
const written = [
  '::ffff:127.0.0.1',
  '0:0:0:0:0:0:0:1',
  '0::1',
  '::0001',
  '0:0:0:0:0:ffff:7f00:1',
  '::127.0.0.1',
  '0.1.2.3',
  '2001:db8::1%eth0',
]
for (const address of [...refused, ...written, 'localhost', 'localhost.', 'pod.example', '']) {
  test(`CVE-2020-8562: dialAddress() opens no connection to ${JSON.stringify(address)}`, async () => {
    assert.equal(isReachable(address), false)
    await assert.rejects(dialAddress(address, 443, new AbortController().signal), /address not allowed/)
  })
}

test('isReachable() allows addresses of pods and machines', () => {
  for (const address of ['10.0.0.1', '192.168.1.1', '203.0.113.9', '2001:db8::1']) assert.equal(isReachable(address), true, address)
})
