import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceCidrFinalizer, serviceIpAddress } from '../api/addresses/service-address.ts'
import type { IPAddress, ServiceCIDR } from '../api/types/networking-v1.ts'
import { ipAddresses, serviceCidrs } from '../client/resources.ts'
import type { FakeApi } from '../client/testing/fake-api.ts'
import { startScenario } from './scenario.testing.ts'
import { serviceCidr } from './service-cidr.ts'
import { type CidrStep, cidrsHolding, cidrsOverlapping, mayBeDeleted, planServiceCidr } from './service-cidr-plan.ts'

const cidr = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name, uid: name }, spec: { cidrs } })
const address = (name: string): IPAddress => serviceIpAddress(name, { namespace: 'ns', name: 's' })
const foreign = (name: string): IPAddress => ({ metadata: { name }, spec: {} })

const holding: readonly [address: string, held: boolean, ...cidrs: string[]][] = [
  ['10.0.0.5', true, '10.0.0.0/24'],
  ['10.0.1.5', false, '10.0.0.0/24'],
  ['10.0.0.0', false, '10.0.0.0/24'],
  ['10.0.0.255', false, '10.0.0.0/24'],
  ['10.0.0.255', true, '10.0.0.0/23'],
  ['10.0.0.8', false, '10.0.0.8/32'],
  ['10.0.15.1', true, '10.0.0.0/20'],
  ['10.0.16.1', false, '10.0.0.0/20'],
  ['fd00::', false, 'fd00::/112'],
  ['fd00::ffff', true, 'fd00::/112'],
  ['fd00::1:0', false, 'fd00::/112'],
  ['fd00::1', true, '10.0.0.0/24', 'fd00::/112'],
  ['::ffff:10.0.0.5', true, '10.0.0.0/24'],
  ['no address', false, '10.0.0.0/24'],
]
for (const [name, held, ...cidrs] of holding)
  test(`cidrsHolding(): ${name} and ${cidrs}`, () => assert.equal(cidrsHolding(name, [cidr('x', ...cidrs)]).length, held ? 1 : 0))

test('cidrsOverlapping() finds ranges that contain or are contained, of the same family', () => {
  const all = [
    cidr('same', '10.0.0.0/24'),
    cidr('in', '10.0.0.64/26'),
    cidr('over', '10.0.0.0/16'),
    cidr('beside', '10.0.1.0/24', 'fd00::/64'),
  ]
  const names = (one: ServiceCIDR) => cidrsOverlapping(one, all).map(({ metadata }) => metadata.name)
  assert.deepEqual(names(cidr('x', '10.0.0.0/24')), ['same', 'in', 'over'])
  assert.deepEqual(names(cidr('x', '::/0')), ['beside'])
})

const x = cidr('x', '10.0.0.0/24')
const rows: readonly [name: string, others: ServiceCIDR[], addresses: IPAddress[], goes: boolean][] = [
  ['holds no address', [], [], true],
  ['holds an address', [], [address('10.0.0.5')], false],
  ['holds an address of another owner', [], [foreign('10.0.0.5')], true],
  ['does not hold what there is', [], [address('10.0.1.5')], true],
  ['has the range of another one', [cidr('y', '10.0.0.0/24')], [address('10.0.0.5')], true],
  ['lies within another one', [cidr('y', '10.0.0.0/16')], [address('10.0.0.5')], true],
  ['holds an address that a smaller one holds too', [cidr('y', '10.0.0.0/28')], [address('10.0.0.5')], true],
  ['holds an address that the smaller one does not', [cidr('y', '10.0.0.0/28')], [address('10.0.0.50')], false],
]
for (const [name, others, addresses, goes] of rows)
  test(`mayBeDeleted(): a ServiceCIDR that ${name}`, () => assert.equal(mayBeDeleted(x, [x, ...others], addresses), goes))

test('mayBeDeleted() checks both families', () => {
  const dual = cidr('dual', '10.0.0.0/24', 'fd00::/112')
  assert.equal(mayBeDeleted(dual, [dual, cidr('y', '10.0.0.0/16')], [address('fd00::5')]), false)
  assert.equal(mayBeDeleted(dual, [dual, cidr('y', '10.0.0.0/16')], [address('10.0.0.5')]), true)
})

const deletedAt = Date.UTC(2026, 0, 1)
const ends = { finalizers: [serviceCidrFinalizer], deletionTimestamp: new Date(deletedAt).toISOString() }
const steps: readonly [name: string, metadata: ServiceCIDR['metadata'], addresses: IPAddress[], after: number, step: CidrStep][] = [
  ['new', {}, [], 0, { step: 'finalize' }],
  ['with its finalizer', { finalizers: ['other', serviceCidrFinalizer] }, [address('10.0.0.5')], 0, { step: 'ready' }],
  ['deleted, in use', ends, [address('10.0.0.5')], 60_000, { step: 'in use' }],
  ['just deleted', ends, [], 1, { step: 'later', ms: 9_999 }],
  ['deleted for long enough', ends, [], 10_000, { step: 'release' }],
  ["that only others' finalizers keep", { ...ends, finalizers: ['other'] }, [], 60_000, { step: 'nothing' }],
]
for (const [name, metadata, addresses, after, step] of steps)
  test(`planServiceCidr(): one ${name}`, () => {
    const one = { ...x, metadata: { ...x.metadata, ...metadata } }
    assert.deepEqual(planServiceCidr(one, [one], addresses, deletedAt + after), step)
  })

function stateOf(api: FakeApi, name: string): unknown {
  const found = api.read(serviceCidrs, '', name)
  const condition = found?.status?.conditions?.find(({ type }) => type === 'Ready')
  return found && [found.metadata.finalizers ?? [], condition?.status, condition?.reason]
}
const isState = (api: FakeApi, name: string, ...state: unknown[]): boolean => JSON.stringify(stateOf(api, name)) === JSON.stringify(state)

test('serviceCidr makes a new one ready, keeps it while a Service has an address of it, and releases it a while later', async () => {
  let now = Date.UTC(2026, 0, 1)
  await using scenario = startScenario({ controllers: [serviceCidr], now: () => now })
  const { api } = scenario
  api.seed(serviceCidrs, x)
  api.seed(ipAddresses, address('10.0.0.5'))
  await scenario.until(() => isState(api, 'x', [serviceCidrFinalizer], 'True', ''), 'ready')
  api.change(serviceCidrs, '', 'x', ({ metadata }) => {
    metadata.deletionTimestamp = new Date(now).toISOString()
  })
  await scenario.until(() => isState(api, 'x', [serviceCidrFinalizer], 'False', 'Terminating'), 'waits for the address')
  now += 10_000
  api.remove(ipAddresses, '', '10.0.0.5')
  await scenario.until(() => (api.read(serviceCidrs, '', 'x')?.metadata.finalizers ?? []).length === 0, 'gone')
})

test('serviceCidr releases one that another one now covers', async () => {
  await using scenario = startScenario({ controllers: [serviceCidr] })
  const { api } = scenario
  api.seed(serviceCidrs, { ...x, metadata: { ...x.metadata, ...ends } })
  api.seed(ipAddresses, address('10.0.0.5'))
  await scenario.until(() => isState(api, 'x', [serviceCidrFinalizer], 'False', 'Terminating'), 'waits for the address')
  api.seed(serviceCidrs, cidr('y', '10.0.0.0/16'))
  await scenario.until(() => (api.read(serviceCidrs, '', 'x')?.metadata.finalizers ?? []).length === 0, 'gone')
})
