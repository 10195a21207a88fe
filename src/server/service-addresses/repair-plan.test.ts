import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../store/store.ts'
import { type AddressState, planRepair } from './repair-plan.ts'

const labels = { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' }

function entry(parent: string, other: { readonly labels?: Record<string, string>; readonly resource?: string } = {}): Entry {
  const [namespace = '', name = ''] = parent.split('/')
  const fields = {
    'spec.parentRef.group': '',
    'spec.parentRef.resource': other.resource ?? 'services',
    'spec.parentRef.namespace': namespace,
    'spec.parentRef.name': name,
  }
  const object = { metadata: { name: '10.0.0.5' } }
  return {
    namespace: '',
    name: '10.0.0.5',
    revision: 1,
    bytes: Buffer.alloc(0),
    byteLength: 0,
    labels: other.labels ?? labels,
    fields,
    object,
    objectAtHand: object,
    objectOnce: object,
  }
}

const held = { holder: 'a/s', isSettled: true, isWithin: true }
const rows: readonly [name: string, state: Partial<AddressState>, act: string, reason?: string, note?: string][] = [
  ['an address with its object', { ...held, entry: entry('a/s') }, 'nothing'],
  ['an address whose Service is being stored', { ...held, isSettled: false }, 'nothing'],
  ['an address without an object', held, 'create', 'ClusterIPNotAllocated', 'Cluster IP [IPv4]: 10.0.0.5 is not allocated; repairing'],
  [
    'an address outside of all ranges',
    { ...held, isWithin: false, entry: entry('a/s') },
    'report',
    'ClusterIPOutOfRange',
    'Cluster IP [IPv4]: 10.0.0.5 is not within any configured Service CIDR; please recreate service',
  ],
  [
    'an object that names another Service',
    { ...held, entry: entry('a/other') },
    'recreate',
    'ClusterIPNotAllocated',
    'the ClusterIP [IPv4]: 10.0.0.5 for Service a/s has a wrong reference; repairing',
  ],
  ['an object that names something else', { ...held, entry: entry('a/s', { resource: 'gateways' }) }, 'recreate', 'ClusterIPNotAllocated'],
  ['an object without the labels', { ...held, entry: entry('a/s', { labels: {} }) }, 'recreate'],
  [
    'an object of the wrong family',
    { ...held, entry: entry('a/s', { labels: { ...labels, 'ipaddress.kubernetes.io/ip-family': 'IPv6' } }) },
    'recreate',
  ],
  ['an object of another owner', { entry: entry('a/g', { labels: {}, resource: 'gateways' }) }, 'nothing'],
  ['nothing at all', {}, 'nothing'],
  [
    'an object of ours that names no Service',
    { entry: entry('a/g', { resource: 'gateways' }) },
    'delete',
    'IPAddressNotAllocated',
    'IPAddress 10.0.0.5 appears to have been modified, not referencing a Service &{ gateways a g}: cleaning up',
  ],
  [
    'an object of a Service that has another address',
    { entry: entry('a/s'), parentExists: true },
    'delete',
    'IPAddressWrongReference',
    'IPAddress: 10.0.0.5 for Service a/s has a wrong reference; cleaning up',
  ],
  ['an object whose Service may come yet', { entry: entry('a/s'), age: 60_000 }, 'wait'],
  [
    'an object whose Service never came',
    { entry: entry('a/s'), age: 60_001 },
    'delete',
    'IPAddressNotAllocated',
    'IPAddress: 10.0.0.5 for Service a/s appears to have leaked: cleaning up',
  ],
]
for (const [name, state, act, reason, note] of rows)
  test(`planRepair(): ${name}`, () => {
    const none = { holder: undefined, entry: undefined, isSettled: false, isWithin: true, parentExists: false, age: 0 }
    const repair = planRepair({ address: '10.0.0.5', ...none, ...state })
    const event = 'event' in repair ? repair.event : undefined
    assert.deepEqual([repair.act, event?.reason], [act, reason])
    if (note !== undefined) assert.equal(event?.note, note)
  })
