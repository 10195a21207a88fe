import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoints, Service } from '../../api/types/core-v1.ts'
import { endpointSlices, endpoints, services } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { isMirrored, planMirror } from './endpoint-slice-mirror-plan.ts'
import { endpointSliceMirroring } from './endpoint-slice-mirroring.ts'

const service: Service = { metadata: { name: 'db', namespace: 'ns' }, spec: { ports: [{ port: 5432 }] } }
const object = (metadata: Endpoints['metadata'] = {}): Endpoints => ({
  metadata: { name: 'db', namespace: 'ns', uid: 'e', ...metadata },
  subsets: [{ addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ port: 5432 }] }],
})

const mirrored: readonly { name: string; endpoints: Endpoints; service: Service | undefined; is: boolean }[] = [
  { name: 'those of a service without selector', endpoints: object(), service, is: true },
  { name: 'those of a service with one', endpoints: object(), service: { ...service, spec: { selector: { a: 'b' } } }, is: false },
  { name: 'those of no service', endpoints: object(), service: undefined, is: false },
  {
    name: 'those that say no in short',
    endpoints: object({ labels: { 'endpointslice.kubernetes.io/skip-mirror': '1' } }),
    service,
    is: false,
  },
  { name: 'those that say no', endpoints: object({ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }), service, is: false },
  {
    name: 'a leader election',
    endpoints: object({ annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }),
    service,
    is: false,
  },
]
for (const row of mirrored)
  test(`isMirrored() of ${row.name} is ${row.is}`, () => assert.equal(isMirrored(row.endpoints, row.service), row.is))

test('planMirror() creates a slice for each family, updates it in place and then does nothing', () => {
  const first = planMirror(object(), [])
  assert.deepEqual(
    first.create.map(({ addressType, endpoints: list }) => [
      addressType,
      list?.map(({ addresses, conditions }) => [addresses[0], conditions?.ready]),
    ]),
    [
      [
        'IPv4',
        [
          ['192.0.2.1', true],
          ['192.0.2.2', false],
        ],
      ],
      ['IPv6', [['2001:db8::1', true]]],
    ],
  )
  assert.deepEqual(planMirror(object(), first.create), { create: [], update: [], delete: [] })
  const less: Endpoints = { ...object(), subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ port: 5432 }] }] }
  const next = planMirror(less, first.create)
  assert.deepEqual([next.create.length, next.update.length, next.delete.length], [0, 1, 1])
  assert.equal(next.update[0]?.endpoints?.[0]?.addresses[0], '192.0.2.9')
  const anew = planMirror({ ...object(), metadata: { ...object().metadata, uid: 'anew' } }, first.create)
  assert.deepEqual([anew.create.length, anew.update.length, anew.delete.length], [2, 0, 2])
})

test('endpointSliceMirroring follows the Endpoints, and removes the slices when a selector is added', async () => {
  await using scenario = startScenario({
    controllers: [endpointSliceMirroring],
    prepare(api) {
      api.seed(services, service)
      api.seed(endpoints, object())
    },
  })
  const { api } = scenario
  await scenario.until(() => api.all(endpointSlices).length === 2, 'two slices')
  const [slice] = api.all(endpointSlices)
  assert.equal(slice?.metadata.labels?.['kubernetes.io/service-name'], 'db')
  assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'Endpoints')
  api.change(services, 'ns', 'db', changed => {
    changed.spec = { selector: { a: 'b' } }
  })
  await scenario.until(() => api.all(endpointSlices).length === 0, 'no slices')
})
