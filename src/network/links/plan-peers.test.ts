import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeLink } from '../../api/types/bulkhead-v1alpha1.ts'
import { planPeers } from './plan-peers.ts'

const key = (letter: string): string => `${letter.repeat(42)}A=`
const own = { node: 'n1', publicKey: key('a'), podCidr: '10.244.0.0/24' }
const pods = '10.244.0.0/16'

const link = (name: string, spec: Partial<NodeLink['spec']> = {}, metadata: Partial<NodeLink['metadata']> = {}): NodeLink => ({
  metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  spec: { podCIDR: '10.244.1.0/24', addresses: ['192.0.2.2'], publicKey: key('b'), port: 51871, ...spec },
})

test('planPeers() gives each other node its key, its address and its range', () => {
  const second = link('n3', { podCIDR: '10.244.2.0/24', addresses: ['no address', '2001:db8::3'], publicKey: key('c') })
  assert.deepEqual(planPeers([second, link('n2'), link('n1', { podCIDR: own.podCidr, publicKey: own.publicKey })], own, pods), {
    peers: [
      { node: 'n2', publicKey: key('b'), endpoint: '192.0.2.2:51871', podCidr: '10.244.1.0/24' },
      { node: 'n3', publicKey: key('c'), endpoint: '[2001:db8::3]:51871', podCidr: '10.244.2.0/24' },
    ],
    problems: [],
  })
})

const { publicKey: _key, ...withoutKey } = link('n2').spec
const { podCIDR: _range, ...withoutRange } = link('n2').spec
const noPeers: readonly [string, NodeLink, RegExp | undefined][] = [
  ['without a key', { ...link('n2'), spec: withoutKey }, undefined],
  ['without a range', { ...link('n2'), spec: withoutRange }, undefined],
  ['without an address', link('n2', { addresses: [] }), undefined],
  ['that is being deleted', link('n2', {}, { deletionTimestamp: '2026-01-01T00:00:01Z' }), undefined],
  ['with a key of another form', link('n2', { publicKey: 'x\nAllowedIPs = 0.0.0.0/0' }), /no valid key/],
  ['with a range outside of the cluster', link('n2', { podCIDR: '0.0.0.0/0' }), /outside of 10\.244\.0\.0\/16/],
  ["with this node's key", link('n2', { publicKey: own.publicKey }), /claims the key or the pod addresses of node "n1"/],
  ["with this node's range", link('n2', { podCIDR: '10.244.0.128/25' }), /of node "n1"/],
]
for (const [name, given, problem] of noPeers) {
  test(`planPeers() has no link to a node ${name}`, () => {
    const { peers, problems } = planPeers([given], own, pods)
    assert.deepEqual(peers, [])
    if (problem === undefined) assert.deepEqual(problems, [])
    else assert.match(problems.join(), problem)
  })
}

test('of two nodes with one key or one range, planPeers() keeps the older one, in any order', () => {
  const young = (spec: object) => link('a-young', spec, { creationTimestamp: '2026-01-02T00:00:00Z' })
  for (const thief of [young({ podCIDR: '10.244.9.0/24' }), young({ publicKey: key('d') })])
    for (const links of [
      [thief, link('n2')],
      [link('n2'), thief],
    ]) {
      const { peers, problems } = planPeers(links, own, pods)
      assert.deepEqual(
        peers.map(({ node }) => node),
        ['n2'],
      )
      assert.match(problems.join(), /node "a-young" claims .* of node "n2"/)
    }
})
