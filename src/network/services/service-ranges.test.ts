import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { rangeText } from '../address-ranges.ts'
import { renderRuleset } from './ruleset.ts'
import { serviceRanges } from './service-ranges.ts'

const cidr = (...cidrs: string[]): ServiceCIDR => ({ metadata: { name: 'x' }, spec: { cidrs } })

const rows: readonly [name: string, further: ServiceCIDR[], ranges: string[]][] = [
  ['alone', [], ['10.96.0.0-10.96.255.255']],
  ['and the ServiceCIDR of it', [cidr('10.96.0.0/16')], ['10.96.0.0-10.96.255.255']],
  ['and another one', [cidr('203.0.113.0/24', 'fd00::/64')], ['10.96.0.0-10.96.255.255', '203.0.113.0-203.0.113.255']],
  ['and one beside it', [cidr('10.97.0.0/16')], ['10.96.0.0-10.97.255.255']],
  ['and one around it and the pods', [cidr('10.0.0.0/8')], ['10.0.0.0-10.243.255.255', '10.245.0.0-10.255.255.255']],
]
for (const [name, further, ranges] of rows)
  test(`serviceRanges() of the own range ${name}`, () =>
    assert.deepEqual(serviceRanges('10.96.0.0/16', further, '10.244.0.0/16').map(rangeText), ranges))

test('renderRuleset() rejects packets to an address of any service range that no Service has', () => {
  const services = serviceRanges('10.96.0.0/16', [cidr('203.0.113.0/24')], '10.244.0.0/16')
  const network = { table: 't', clusterPods: '10.244.0.0/16', localPods: '10.244.0.0/24', ports: [], hostPorts: [] }
  const rules = renderRuleset({ ...network, services, dns: { address: '10.96.0.10', port: 5353 } })
  const rule = 'ip daddr { 10.96.0.0-10.96.255.255, 203.0.113.0-203.0.113.255 } ip daddr != 10.96.0.10 ct state new reject'
  assert.equal(rules.split(rule).length, 3)
})
