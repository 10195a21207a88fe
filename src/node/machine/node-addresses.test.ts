import assert from 'node:assert/strict'
import type { NetworkInterfaceInfo } from 'node:os'
import { test } from 'node:test'
import { nodeAddresses } from './node-addresses.ts'

const at = (address: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
  ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal: false, ...more }) as NetworkInterfaceInfo
const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'
const route = (name: string, destination: string, metric: number, mask: string) =>
  `${name}\t${destination}\t010200C0\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0   \n`

const interfaces = {
  lo: [at('127.0.0.1', { internal: true })],
  docker0: [at('172.17.0.1')],
  tun0: [at('10.251.77.1')],
  wlan0: [at('198.51.100.7')],
  eth0: [at('fe80::1', { scopeid: 2 }), at('192.0.2.2'), at('192.0.2.3'), at('fd00::2')],
}

test('a node has one address of each family, of the interface with the default route', () => {
  const routes =
    header +
    route('tun0', '004DFB0A', 0, '00FFFFFF') +
    route('wlan0', '00000000', 600, '00000000') +
    route('eth0', '00000000', 100, '00000000')
  assert.deepEqual(nodeAddresses(interfaces, routes), ['192.0.2.2', 'fd00::2'])
})

test('without a default route the first addresses are used, and never loopback', () => {
  assert.deepEqual(nodeAddresses(interfaces, header), ['10.251.77.1', 'fd00::2'])
  assert.deepEqual(nodeAddresses({ lo: interfaces.lo, docker0: interfaces.docker0 }, ''), [])
})
