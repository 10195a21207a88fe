import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peerPod } from './policy-pods.ts'

test('peerPod() takes nothing for an address that is none: other nodes write them, and they end up in rules', () => {
  const addresses = ['10.244.1.2', '10.244.1.3 }; flush ruleset; #', '10.244.1.0/24', '010.1.1.1', '2001:db8::1', '']
  const pod = peerPod({ metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '3' }, spec: { nodeName: 'n2', addresses } })
  assert.deepEqual(pod.addresses, ['10.244.1.2'])
})
