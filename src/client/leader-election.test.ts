import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { Client } from './client.ts'
import { FakeApi } from './fake-api.ts'
import { FakeClock } from './fake-clock.ts'
import { planLease, runAsLeader } from './leader-election.ts'
import { type Lease, leases } from './resources.ts'

const held = (holderIdentity: string): Lease => ({ metadata: {}, spec: { holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 3 } })

const rows: { name: string; lease: Lease | undefined; age: number; want: string; transitions?: number }[] = [
  { name: 'no lease', lease: undefined, age: 0, want: 'hold', transitions: 0 },
  { name: 'held by another', lease: held('b'), age: 14_999, want: 'follow' },
  { name: 'held by another that fell silent', lease: held('b'), age: 15_000, want: 'hold', transitions: 4 },
  { name: 'given up', lease: held(''), age: 0, want: 'hold', transitions: 4 },
  { name: 'own', lease: held('a'), age: 0, want: 'hold', transitions: 3 },
]
for (const { name, lease, age, want, transitions } of rows) {
  test(`planLease(): ${name}`, () => {
    const plan = planLease(lease, age, 1_000_000, 'a', 15_000)
    assert.equal(plan.decision, want)
    if (plan.decision === 'hold') assert.deepEqual([plan.spec.holderIdentity, plan.spec.leaseTransitions], ['a', transitions])
  })
}

test('runAsLeader() leads one at a time and gives the lease up when it stops', async () => {
  const api = new FakeApi()
  const candidate = (identity: string) => ({
    client: new Client(api),
    namespace: 'kube-system',
    name: 'lock',
    identity,
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
    retryPeriodMs: 5,
  })
  const order: string[] = []
  const first = new AbortController()
  const second = new AbortController()
  const leading = Promise.withResolvers<void>()
  const lead = (name: string, begun: () => void) => async (signal: AbortSignal) => {
    order.push(`${name} begins`)
    begun()
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    order.push(`${name} ends`)
  }
  const a = runAsLeader(candidate('a'), lead('a', leading.resolve), first.signal)
  await leading.promise
  const taken = Promise.withResolvers<void>()
  const b = runAsLeader(candidate('b'), lead('b', taken.resolve), second.signal)
  first.abort()
  await a
  await taken.promise
  assert.equal(api.read(leases, 'kube-system', 'lock')?.spec?.holderIdentity, 'b')
  second.abort()
  await b
  assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends'])
  assert.equal(api.read(leases, 'kube-system', 'lock')?.spec?.holderIdentity, '')
})

test('runAsLeader() stops at its deadline where the clock is set back while nobody answers, and leads on where it is set forward', async () => {
  for (const [by, answers] of [
    [-3_600_000, false],
    [3_600_000, true],
  ] as const) {
    const api = new FakeApi()
    const clock = new FakeClock()
    const stop = new AbortController()
    const leading = Promise.withResolvers<void>()
    let ended = false
    let isAway = false
    const client = new Client({
      request: (...given) => (isAway ? Promise.reject(new Error('nobody answers')) : api.request(...given)),
      [Symbol.asyncDispose]: async () => undefined,
    })
    const options = { client, namespace: 'kube-system', name: 'lock', identity: 'a', clock, log: silentLogger, random: () => 0 }
    const running = runAsLeader(
      options,
      async signal => {
        leading.resolve()
        await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
        ended = true
      },
      stop.signal,
    )
    await leading.promise
    isAway = !answers
    clock.set(by)
    for (let second = 0; second < 12; second++) await clock.advance(1000)
    assert.equal(ended, !answers)
    isAway = false
    stop.abort()
    await running
  }
})
