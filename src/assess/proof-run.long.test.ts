import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../api/status.ts'
import type { Namespace } from '../api/types/core-v1.ts'
import { formatMicroTime, systemClock } from '../base/clock.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { type Lease, leases, namespaces, validatingAdmissionPolicies } from '../client/resources.ts'
import { startCluster } from '../cluster/tests/bootstrapped.testing.ts'
import { AttemptLog } from './attempt-log.ts'
import type { ProofContext } from './proof.ts'
import { ProofNamespace } from './proof-namespace.ts'
import { leftovers, ProofRun, runLabel } from './proof-run.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const lease = (run: string, renewedMsAgo: number, name = `bulkhead-prove-${run}`): Lease => ({
  metadata: { name, labels: { [runLabel]: run } },
  spec: { leaseDurationSeconds: 120, renewTime: formatMicroTime(now - renewedMsAgo) },
})
const namespace = (name: string, run: string, metadata: Namespace['metadata'] = {}): Namespace => ({
  metadata: { name, labels: { [runLabel]: run }, ...metadata },
  spec: {},
})

const cases: readonly [name: string, found: Namespace, runs: readonly Lease[], deadNamespaces: string[], deadLeases: string[]][] = [
  ['a namespace of a run that lives', namespace('bulkhead-prove-a', 'x'), [lease('x', 119_000)], [], []],
  [
    'a namespace whose run has expired',
    namespace('bulkhead-prove-a', 'x'),
    [lease('x', 120_000)],
    ['bulkhead-prove-a'],
    ['bulkhead-prove-x'],
  ],
  ['a namespace whose run has no Lease', namespace('bulkhead-prove-a', 'x'), [lease('y', 0)], ['bulkhead-prove-a'], []],
  ['a namespace that is being deleted', namespace('bulkhead-prove-a', 'x', { deletionTimestamp: '2026-01-01T00:00:00Z' }), [], [], []],
  ['a namespace of a tenant that has the label', namespace('shop', 'x'), [], [], []],
  ['a Lease of another name with the label', namespace('bulkhead-prove-a', 'x'), [lease('x', 0, 'other')], ['bulkhead-prove-a'], []],
]
for (const [name, found, runs, deadNamespaces, deadLeases] of cases) {
  test(`leftovers() of ${name}`, () => assert.deepEqual(leftovers([found], runs, now), { deadNamespaces, deadLeases }))
}

test('ProofRun removes what a killed run left, cluster-scoped objects included, and leaves what a living run has', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const signal = AbortSignal.timeout(60_000)
  // A run that is killed renews no more: with its sleep, its clock stands still, and its times are of long ago.
  const stopped = { ...systemClock, now: () => now, sleep: () => new Promise<void>(() => undefined) }
  const killed = await ProofRun.begin(client, stopped, signal)
  await using living = await ProofRun.begin(client, systemClock, signal)
  const context = { client, clock: systemClock, attempts: new AttemptLog() } as ProofContext
  const left = await ProofNamespace.create({ ...context, run: killed }, 'X1', signal)
  await using kept = await ProofNamespace.create({ ...context, run: living }, 'X1', signal)
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }
  const matchConstraints = { resourceRules: [rule] }
  const policy = {
    metadata: { name: left.name, ownerReferences: [left.owner] },
    spec: { matchConstraints, validations: [{ expression: 'true' }] },
  }
  await client.create(validatingAdmissionPolicies, '', policy, signal)
  {
    await using _next = await ProofRun.begin(client, systemClock, signal)
  }
  const gone = async (names: Promise<{ metadata: { name?: string } }[]>) =>
    !(await names).some(({ metadata }) => metadata.name === left.name)
  await until(async () => await gone(client.listAll(namespaces, {}, signal)), 'the namespace is gone')
  await until(async () => await gone(client.listAll(validatingAdmissionPolicies, {}, signal)), 'the policy is gone')
  assert.equal((await client.get(namespaces, '', kept.name, signal)).metadata.deletionTimestamp, undefined)
  const runs = (await client.listAll(leases, { namespace: 'kube-system', labelSelector: runLabel }, signal)).map(
    ({ metadata }) => metadata.name,
  )
  assert.deepEqual(runs, [`bulkhead-prove-${living.id}`])
})

test('ProofRun renews its Lease until it ends', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0, controllers: false })
  const { client } = cluster
  const signal = AbortSignal.timeout(60_000)
  const wakes: (() => void)[] = []
  let time = now
  const clock = {
    now: () => time,
    monotonic: () => time,
    sleep: (_ms: number, stop?: AbortSignal) =>
      new Promise<void>((wake, reject) => {
        wakes.push(wake)
        stop?.addEventListener('abort', () => reject(stop.reason))
      }),
  }
  const run = await ProofRun.begin(client, clock, signal)
  const renewed = async () => (await client.get(leases, 'kube-system', `bulkhead-prove-${run.id}`, signal)).spec?.renewTime
  assert.equal(await renewed(), formatMicroTime(now))
  time += 30_000
  wakes.shift()?.()
  await until(async () => (await renewed()) === formatMicroTime(now + 30_000), 'the Lease is renewed')
  await run[Symbol.asyncDispose]()
  await assert.rejects(renewed(), err => isReason(err, 'NotFound'))
})

test('ProofNamespace issues no token where privileged pods are admitted', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const signal = AbortSignal.timeout(60_000)
  const context = { client: cluster.client, clock: systemClock, attempts: new AttemptLog() } as ProofContext
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
  await using lifted = await ProofNamespace.create({ ...context, run: { labels: {} } }, 'X1', signal, labels)
  await lifted.account('a', signal)
  await assert.rejects(lifted.token('a', {}, signal), /the namespace admits privileged pods/)
})

test('ProofNamespace that is relabelled issues no more tokens, and reports those that were usable', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const signal = AbortSignal.timeout(60_000)
  const context = { client: cluster.client, clock: systemClock, attempts: new AttemptLog() } as ProofContext
  const lift = (name: string) =>
    cluster.client.patch(
      namespaces,
      '',
      name,
      { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
      { type: 'merge' },
      signal,
    )
  const held = await ProofNamespace.create({ ...context, run: { labels: {} } }, 'X1', signal)
  await held.account('a', signal)
  await held.token('a', {}, signal)
  await lift(held.name)
  await assert.rejects(held.token('a', {}, signal), /the namespace admits privileged pods/)
  await assert.rejects(held[Symbol.asyncDispose](), /admitted privileged pods while a token of it was usable/)
  const { metadata } = await cluster.client
    .get(namespaces, '', held.name, signal)
    .catch(() => ({ metadata: { deletionTimestamp: 'gone' } }))
  assert.ok(metadata.deletionTimestamp, 'it is deleted nevertheless')
  const without = await ProofNamespace.create({ ...context, run: { labels: {} } }, 'X1', signal)
  await lift(without.name)
  await without[Symbol.asyncDispose]()
})
