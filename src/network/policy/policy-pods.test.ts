import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podAddressOf } from '../../api/resources/bulkhead/pod-address.ts'
import { peerPod, policyPod } from './policy-pods.ts'

test('peerPod() accepts only valid addresses: other nodes write them, and they become part of rules', () => {
  const addresses = ['10.244.1.2', '10.244.1.3 }; flush ruleset; #', '10.244.1.0/24', '010.1.1.1', '2001:db8::1', '']
  const pod = peerPod({ metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '3' }, spec: { nodeName: 'n2', addresses } })
  assert.deepEqual(pod.addresses, ['10.244.1.2'])
})

test('a pod has its ServiceAccount as a label for policies, which its own labels cannot replace', () => {
  const metadata = { name: 'p', namespace: 'n', labels: { app: 'a', 'bulkhead.dev/service-account': 'forged' } }
  const of = (spec: object) => policyPod({ metadata, spec: { containers: [], ...spec } }).labels
  assert.deepEqual(of({ serviceAccountName: 'robot' }), { app: 'a', 'bulkhead.dev/service-account': 'robot' })
  assert.deepEqual(of({}), { app: 'a' })
  assert.deepEqual(of({ serviceAccountName: 'a'.repeat(64) }), { app: 'a' })
  const { metadata: seen } = podAddressOf({ metadata, spec: { containers: [], serviceAccountName: 'robot' } } as never)
  assert.deepEqual(seen.labels, { app: 'a', 'bulkhead.dev/service-account': 'robot' })
})
