import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../../api/types/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../../api/types/discovery-v1.ts'
import { backendState } from './backend-state.ts'

const reference = { namespace: 'ns', name: 's', port: 443 }
const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 's' },
  spec: { type: 'ClusterIP', ports: [{ name: 'web', port: 443 }], ...spec } as Service['spec'],
})
const slice = (endpoint: Partial<Endpoint>, more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { name: 's-1' },
  addressType: 'IPv4',
  ports: [{ name: 'web', port: 8443 }],
  endpoints: [{ addresses: ['10.0.0.1'], ...endpoint }],
  ...more,
})
const pod = { kind: 'Pod', name: 'p', namespace: 'ns' }

const rows: readonly [name: string, service: Service | undefined, slices: readonly EndpointSlice[], result: unknown][] = [
  ['no service', undefined, [], 'ServiceNotFound'],
  ['another port', service({ ports: [{ port: 80 }] }), [], 'ServicePortError'],
  ['a name of foreign DNS', service({ type: 'ExternalName' }), [], 'ServiceAccessError'],
  ['no slices', service(), [], 'EndpointsNotFound'],
  ['a port of another name', service(), [slice({}, { ports: [{ name: 'other', port: 1 }] })], 'MissingEndpoints'],
  ['an endpoint that is not ready', service(), [slice({ conditions: { ready: false } })], 'MissingEndpoints'],
  ['an endpoint in another namespace', service(), [slice({ targetRef: { ...pod, namespace: 'other' } })], 'MissingEndpoints'],
  ['an endpoint that is not a pod', service(), [slice({ targetRef: { ...pod, kind: 'Node' } })], 'MissingEndpoints'],
  ['names instead of addresses', service(), [slice({}, { addressType: 'FQDN' })], 'MissingEndpoints'],
  ['a pod', service(), [slice({ targetRef: pod })], [{ address: '10.0.0.1', port: 8443, pod: { namespace: 'ns', name: 'p' } }]],
  ['something outside of the cluster', service(), [slice({})], [{ address: '10.0.0.1', port: 8443, pod: undefined }]],
  [
    'ports without names',
    service({ ports: [{ port: 443 }] }),
    [slice({}, { ports: [{ port: 1 }] })],
    [{ address: '10.0.0.1', port: 1, pod: undefined }],
  ],
]

for (const [name, found, slices, result] of rows) {
  test(`backendState(): ${name}`, () => {
    const state = backendState(reference, found, slices)
    assert.deepEqual(state.found ? state.endpoints : state.reason, result)
  })
}
