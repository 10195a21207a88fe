import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIp } from '../../api/addresses/ip-address.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { FakeStoreView } from '../admission.fixture.ts'
import { NodeClaims } from './node-claims.ts'

interface Reported {
  readonly ranges?: readonly string[]
  readonly addresses?: readonly string[]
  readonly key?: string
  readonly labels?: Record<string, string>
}

const node = (name: string, { ranges = [], addresses = [], key, labels = {} }: Reported): Node => ({
  metadata: { name, labels, ...(key === undefined ? {} : { annotations: { 'bulkhead.dev/wireguard-public-key': key } }) },
  spec: { podCIDRs: [...ranges] },
  status: { addresses: addresses.map(address => ({ type: 'InternalIP', address })) },
})
const ip = (text: string) => parseIp(text) ?? assert.fail(`${text} is no address`)

test('NodeClaims knows what each node holds, from before and after its start, until it changes or goes', () => {
  const view = new FakeStoreView({ nodes: [node('n1', { ranges: ['10.1.0.0/24', 'fd00:1::/64'], addresses: ['192.0.2.1'], key: 'k' })] })
  const claims = new NodeClaims(view)
  view.put('nodes', node('n2', { ranges: ['10.1.1.128/25'], addresses: ['192.0.2.2', 'fd00::2'] }))
  assert.equal(claims.holderOfRange(ip('10.1.0.255')), 'n1')
  assert.equal(claims.holderOfRange(ip('10.1.1.127')), undefined)
  assert.equal(claims.holderOfRange(ip('10.1.1.129')), 'n2')
  assert.equal(claims.holderOfRange(ip('fd00:1::ffff')), 'n1')
  assert.equal(claims.holderOfRange(ip('fd00:1:0:1::1')), undefined)
  assert.equal(claims.otherWithAddress(ip('192.0.2.1'), 'n1'), undefined)
  assert.equal(claims.otherWithAddress(ip('::ffff:192.0.2.1'), 'n2'), 'n1')
  assert.equal(claims.otherWithAddress(ip('fd00:0:0::2'), 'n1'), 'n2')
  assert.deepEqual([claims.otherWithKey('k', 'n2'), claims.otherWithKey('k', 'n1')], ['n1', undefined])

  view.put('nodes', node('n1', { ranges: ['10.2.0.0/16'], addresses: ['192.0.2.9'] }))
  assert.equal(claims.holderOfRange(ip('10.1.0.255')), undefined)
  assert.equal(claims.holderOfRange(ip('10.2.3.4')), 'n1')
  assert.equal(claims.otherWithAddress(ip('192.0.2.1'), 'n2'), undefined)
  assert.equal(claims.otherWithKey('k', 'n2'), undefined)

  view.remove('nodes', '', 'n1')
  assert.equal(claims.holderOfRange(ip('10.2.3.4')), undefined)
  assert.equal(claims.holderOfRange(ip('10.1.1.129')), 'n2')
})

test('NodeClaims: an address that two nodes hold stays held when one of them goes; simulated nodes hold none', () => {
  const addresses = ['192.0.2.1']
  const simulated = node('s', { addresses, labels: { 'bulkhead.dev/simulated': 'true' } })
  const view = new FakeStoreView({ nodes: [simulated, node('n1', { addresses }), node('n2', { addresses })] })
  const claims = new NodeClaims(view)
  view.remove('nodes', '', 'n1')
  assert.equal(claims.otherWithAddress(ip('192.0.2.1'), 'n3'), 'n2')
  view.remove('nodes', '', 'n2')
  assert.equal(claims.otherWithAddress(ip('192.0.2.1'), 'n3'), undefined)
})
