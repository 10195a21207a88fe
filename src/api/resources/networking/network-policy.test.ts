import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy, NetworkPolicySpec } from '../../types/networking-v1.ts'
import { validateNew } from '../core/new-object.fixture.ts'
import { networkPolicy } from './network-policy.ts'

const newPolicy = (spec: Partial<NetworkPolicySpec>): NetworkPolicy => ({ metadata: { name: 'np' }, spec: { podSelector: {}, ...spec } })

test('networkPolicy always restricts ingress, and egress if it has an egress rule', () => {
  assert.deepEqual(validateNew(networkPolicy, newPolicy({})).object.spec.policyTypes, ['Ingress'])
  const { object } = validateNew(networkPolicy, newPolicy({ egress: [{ ports: [{ port: 53 }] }] }))
  assert.deepEqual(object.spec.policyTypes, ['Ingress', 'Egress'])
  assert.equal(object.spec.egress?.[0]?.ports?.[0]?.protocol, 'TCP')
})

const refusals: { name: string; spec: Partial<NetworkPolicySpec>; fields: string[] }[] = [
  { name: 'an unknown type', spec: { policyTypes: ['Sideways'] }, fields: ['spec.policyTypes[0]'] },
  { name: 'a peer that names nobody', spec: { ingress: [{ from: [{}] }] }, fields: ['spec.ingress[0].from[0]'] },
  {
    name: 'an address block together with a selector',
    spec: { egress: [{ to: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] },
    fields: ['spec.egress[0].to[0]'],
  },
  {
    name: 'an exception outside the block',
    spec: { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/9', except: ['10.0.1.0/24', '10.200.0.0/16', '10.0.0.0/9'] } }] }] },
    fields: ['spec.egress[0].to[0].ipBlock.except[1]', 'spec.egress[0].to[0].ipBlock.except[2]'],
  },
  {
    name: 'an end before the port',
    spec: { ingress: [{ ports: [{ port: 80, endPort: 79 }] }] },
    fields: ['spec.ingress[0].ports[0].endPort'],
  },
  {
    name: 'an end of a named port',
    spec: { ingress: [{ ports: [{ port: 'http', endPort: 90 }] }] },
    fields: ['spec.ingress[0].ports[0].endPort'],
  },
]
for (const { name, spec, fields } of refusals) {
  test(`networkPolicy rejects ${name}`, () => assert.deepEqual(validateNew(networkPolicy, newPolicy(spec)).fields, fields))
}

test('networkPolicy shows the port that endPort is below, as v1.33 does', () => {
  assert.deepEqual(validateNew(networkPolicy, newPolicy({ egress: [{ ports: [{ port: 80, endPort: 79 }] }] })).errors, [
    'spec.egress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
  ])
})

test('networkPolicy validates each port of an update once, and reports its errors twice, as upstream does', () => {
  let reads = 0
  const port = {
    get port() {
      reads++
      return 0
    },
  }
  const policy = newPolicy({ ingress: [{ ports: [port] }] })
  networkPolicy.validate?.(policy)
  const once = reads
  const faults = networkPolicy.validateUpdate?.(policy, policy) ?? []
  assert.deepEqual([reads - once, [faults].flat(2).length], [once, 2])
})
