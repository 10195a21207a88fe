import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf } from '../../api/addresses/ipv4-range.ts'
import type { ServicePort } from './ruleset.ts'
import { deletionOf, isStale, parseUdpFlow, udpTargets } from './stale-flows.ts'

const services = rangeOf('10.96.0.0/16')
assert.ok(services)
const dead = { ip: '10.244.0.9', port: 5353 }
const alive = { ip: '10.244.0.2', port: 5353 }
const port: ServicePort = {
  ...{ id: 'team/web:53', protocol: 'udp', addresses: ['10.96.0.5'], externalAddresses: ['198.51.100.7'], port: 53, nodePort: 30053 },
  ...{ targets: [alive], externalTargets: [alive], ownTargets: [], isServed: true, clientAffinity: false, taken: [] },
}
const targets = udpTargets({
  ports: [port, { ...port, id: 'team/web:80', protocol: 'tcp', port: 80, nodePort: 30080 }],
  hostPorts: [
    { hostIp: undefined, port: 4000, protocol: 'udp', target: alive },
    { hostIp: '192.0.2.8', port: 4001, protocol: 'udp', target: alive },
  ],
  services: [services],
  dns: { address: '10.96.0.10', port: 10053 },
})
const own = (address: string): boolean => address === '192.0.2.1'

const rows: readonly (readonly [what: string, to: string, toPort: number, answeredBy: typeof dead, stale: boolean])[] = [
  ['a flow to a target that is gone', '10.96.0.5', 53, dead, true],
  ['a flow to a target', '10.96.0.5', 53, alive, false],
  ['a flow to another port of the target', '10.96.0.5', 53, { ...alive, port: 9 }, true],
  ['a flow to a Service that is gone', '10.96.7.7', 53, dead, true],
  ['a flow to a port of TCP alone', '10.96.0.5', 80, alive, true],
  ["a flow to the cluster's names", '10.96.0.10', 53, { ip: '10.96.0.10', port: 10053 }, false],
  ['a flow by an external address to a target that is gone', '198.51.100.7', 53, dead, true],
  ['a flow by a node port to a target that is gone', '192.0.2.1', 30053, dead, true],
  ['a flow by a node port to a target', '192.0.2.1', 30053, alive, false],
  ['a flow to the same port of another machine', '203.0.113.5', 30053, { ip: '203.0.113.5', port: 30053 }, false],
  ['a flow to another port of this node', '192.0.2.1', 9999, { ip: '192.0.2.1', port: 9999 }, false],
  ['a flow by a host port to a pod that is gone', '192.0.2.1', 4000, dead, true],
  ['a flow by a host port of one address to a pod that is gone', '192.0.2.8', 4001, dead, true],
  ['a flow that has nothing to do with Services', '203.0.113.5', 53, { ip: '203.0.113.5', port: 53 }, false],
]
for (const [what, ip, toPort, answeredBy, stale] of rows) {
  test(`isStale() of ${what} is ${stale}`, () => {
    assert.equal(isStale({ from: { ip: '10.244.0.3', port: 40_000 }, to: { ip, port: toPort }, answeredBy }, targets, own), stale)
  })
}

test('isStale() of a flow to a Service without targets is true', () => {
  const none = udpTargets({ ports: [{ ...port, targets: [], externalTargets: [] }], hostPorts: [], services: [services], dns: undefined })
  assert.equal(isStale({ from: alive, to: { ip: '10.96.0.5', port: 53 }, answeredBy: dead }, none, own), true)
})

test('parseUdpFlow() reads the output of conntrack, and deletionOf() names that flow', () => {
  const line =
    'udp      17 118 src=10.244.0.3 dst=10.96.0.5 sport=40000 dport=53 src=10.244.0.9 dst=10.244.0.3 sport=5353 dport=40000 [ASSURED] mark=0 use=1'
  const flow = parseUdpFlow(line)
  assert.ok(flow)
  assert.deepEqual(flow, { from: { ip: '10.244.0.3', port: 40_000 }, to: { ip: '10.96.0.5', port: 53 }, answeredBy: dead })
  assert.equal(deletionOf(flow), '-D -p udp -s 10.244.0.3 -d 10.96.0.5 --sport 40000 --dport 53\n')
  const unanswered = line.replace(' src=10.244.0.9', ' [UNREPLIED] src=10.244.0.9').replace(' [ASSURED]', '')
  assert.deepEqual(parseUdpFlow(unanswered), flow)
  for (const other of ['', 'conntrack v1.4.8 (conntrack-tools): 0 flow entries have been shown.', line.replace('udp ', 'tcp ')])
    assert.equal(parseUdpFlow(other), undefined)
})
