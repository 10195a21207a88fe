import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeLinkOf } from './node-link.ts'

test('nodeLinkOf() returns how a node is reached, and nothing else of it', () => {
  const annotations = { 'bulkhead.dev/wireguard-public-key': 'KEY', 'bulkhead.dev/wireguard-port': '51871', other: 'x' }
  const view = nodeLinkOf({
    metadata: { name: 'n1', uid: 'u', labels: { zone: 'a' }, annotations },
    spec: { podCIDR: '10.244.1.0/24', unschedulable: true },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'Hostname', address: 'n1' },
      ],
    },
  })
  assert.deepEqual(view, {
    apiVersion: 'bulkhead.dev/v1alpha1',
    kind: 'NodeLink',
    metadata: { name: 'n1', uid: 'u' },
    spec: { podCIDR: '10.244.1.0/24', addresses: ['192.0.2.1'], publicKey: 'KEY', port: 51871 },
  })
  const bare = nodeLinkOf({ metadata: { name: 'n1', annotations: { 'bulkhead.dev/wireguard-port': '99999' } }, spec: {} })
  assert.deepEqual(bare.spec, { addresses: [] })
})
