// A Deployment that is applied before its RoleBinding: its pods report what they wait for, and get their token with the grant.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/types/core-v1.ts'
import { events, pods, roleBindings, serviceAccounts } from '../../../client/resources.ts'
import { type Cluster, startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod } from '../secured-api.testing.ts'

const { signal } = new AbortController()

/** Waits for the condition of the pod's token. */
async function tokenCondition({ client }: Cluster, name: string, status: string): Promise<{ reason?: string; message?: string }> {
  for (;;) {
    const { status: found } = await client.get(pods, 'default', name, signal)
    const condition = (found?.conditions ?? []).find(({ type }) => type === 'bulkhead.dev/Token')
    if (condition?.status === status) return condition
    await new Promise(setImmediate)
  }
}

const create = (cluster: Cluster, name: string, spec: object) =>
  cluster.client.create(pods, 'default', restrictedPod(name, spec) as unknown as Pod, signal)

test('a pod reports that its account has no right, and notices the first one', { timeout: 120_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 1 })
  for (const name of ['robot', 'other'])
    await cluster.client.create(serviceAccounts, 'default', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }, signal)
  await create(cluster, 'robot', { serviceAccountName: 'robot' })
  await create(cluster, 'other', { serviceAccountName: 'other' })
  await create(cluster, 'plain', {})
  const waits = await tokenCondition(cluster, 'robot', 'False')
  assert.equal(waits.reason, 'NoRight')
  assert.match(waits.message ?? '', /ServiceAccount "robot" has no right yet: the token file appears when a RoleBinding/)
  await tokenCondition(cluster, 'other', 'False')
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'robot' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }],
  }
  await cluster.client.create(roleBindings, 'default', binding, signal)
  assert.equal((await tokenCondition(cluster, 'robot', 'True')).reason, 'HasRight')
  // No other pod gets the condition, and the default account causes none.
  const conditionsOf = async (name: string) => {
    const { status } = await cluster.client.get(pods, 'default', name, signal)
    return (status?.conditions ?? []).flatMap(({ type, status: is }) => (type === 'bulkhead.dev/Token' ? is : []))
  }
  assert.deepEqual([await conditionsOf('other'), await conditionsOf('plain')], [['False'], []])
  const reported = new Set<string | undefined>()
  while (reported.size < 2) {
    await new Promise(setImmediate)
    const { items } = await cluster.client.list(events, { namespace: 'default' }, signal)
    for (const { reason, involvedObject } of items) if (reason === 'TokenWaits') reported.add(involvedObject.name)
  }
  assert.deepEqual([...reported].toSorted(), ['other', 'robot'])
})
