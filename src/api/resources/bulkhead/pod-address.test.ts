import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../types/core-v1.ts'
import { podAddressOf } from './pod-address.ts'

const pod: Pod = {
  metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', labels: { app: 'a' }, annotations: { note: 'canary' } },
  spec: {
    nodeName: 'n1',
    initContainers: [
      { name: 'once', image: 'canary', ports: [{ name: 'no', containerPort: 1 }] },
      { name: 'sidecar', image: 'canary', restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 9 }] },
    ],
    containers: [
      {
        name: 'c',
        image: 'canary',
        env: [{ name: 'E', value: 'canary' }],
        ports: [{ name: 'dns', protocol: 'UDP', containerPort: 53 }, { containerPort: 80 }],
      },
    ],
  },
  status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] },
}

test('podAddressOf() returns labels, addresses and named ports, and nothing about the containers', () => {
  const address = podAddressOf(pod)
  assert.deepEqual(address.spec, {
    nodeName: 'n1',
    addresses: ['10.0.0.1'],
    ports: [
      { name: 'proxy', protocol: 'TCP', port: 9 },
      { name: 'dns', protocol: 'UDP', port: 53 },
    ],
  })
  assert.deepEqual(address.metadata, { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', labels: { app: 'a' } })
  assert.doesNotMatch(JSON.stringify(address), /canary/)
})

test('podAddressOf() has no address for a finished pod or a hostNetwork pod', () => {
  for (const more of [{ status: { ...pod.status, phase: 'Failed' } }, { spec: { ...pod.spec, hostNetwork: true } }])
    assert.deepEqual(podAddressOf({ ...pod, ...more }).spec.addresses, [])
})
