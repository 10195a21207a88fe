// The defaults of a namespace from its first pod on, and who controls them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../api/object.ts'
import { isReason } from '../../../api/status.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import type { Client } from '../../../client/client.ts'
import { clusterDefaults, limitRanges, namespaces, networkPolicies, pods, resourceQuotas } from '../../../client/resources.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod } from '../secured-api.testing.ts'

const signal = new AbortController().signal

async function admitted(client: Client, namespace: string, pod: object): Promise<Pod> {
  for (;;) {
    try {
      return await client.create(pods, namespace, pod as Pod, signal)
    } catch (err) {
      // A user of kubectl sees this briefly, and so does a controller, which retries.
      if (
        !isReason(err, 'Forbidden') ||
        !/not got its quota, limits and network policies yet|serviceaccount "default" not found/.test(err.message)
      )
        throw err
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}

async function policiesOf(client: Client, namespace: string): Promise<string[]> {
  const { items } = await client.list(networkPolicies, { namespace }, signal)
  return items.map(({ metadata }) => metadata.name ?? '').sort()
}

test('a namespace has labels, quota, limits and network policies before its first pod, and no container is without limits', {
  timeout: 60_000,
}, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const { metadata } = await client.create(namespaces, '', { metadata: { name: 'team' }, spec: {} }, signal)
  assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted')
  for (const name of ['team', 'default']) {
    const { spec } = await admitted(client, name, restrictedPod('p'))
    assert.deepEqual(spec.containers[0]?.resources, {
      requests: { cpu: '10m', memory: '32Mi', 'ephemeral-storage': '16Mi' },
      limits: { cpu: '4', memory: '1Gi', 'ephemeral-storage': '10Gi' },
    })
    const quota = await client.get(resourceQuotas, name, 'default', signal)
    assert.equal(quota.spec.hard?.['pods'], '15k')
    assert.deepEqual(await policiesOf(client, name), ['allow-dns', 'default-deny'])
  }
  await assert.rejects(client.get(resourceQuotas, 'kube-system', 'default', signal), err => isReason(err, 'NotFound'))
  assert.deepEqual(await policiesOf(client, 'kube-system'), [])
})

test('a namespace cannot be made as if it had its defaults, and keeps its own labels', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' }
  const annotations = { 'bulkhead.dev/defaults': 'applied' }
  const made = await client.create(namespaces, '', { metadata: { name: 'team', labels, annotations }, spec: {} }, signal)
  assert.equal(made.metadata.annotations?.['bulkhead.dev/defaults'], 'pending')
  assert.equal(made.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'baseline')
})

test('an older namespace gets its defaults on request', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const exempt = (names: string[] | null) =>
    client.patch(clusterDefaults, '', 'cluster', { spec: { namespaces: { exempt: names } } }, { type: 'merge' }, signal)
  await exempt(['old'])
  const made = await client.create(namespaces, '', { metadata: { name: 'old' }, spec: {} }, signal)
  assert.equal(made.metadata.annotations?.['bulkhead.dev/defaults'], undefined)
  await exempt(null)
  await client.patch(
    namespaces,
    '',
    'old',
    { metadata: { annotations: { 'bulkhead.dev/defaults': 'pending' } } },
    { type: 'merge' },
    signal,
  )
  const { spec } = await admitted(client, 'old', restrictedPod('p'))
  assert.equal(spec.containers[0]?.resources?.limits?.['memory'], '1Gi')
  assert.equal((await client.get(resourceQuotas, 'old', 'default', signal)).spec.hard?.['pods'], '15k')
})

test('ClusterDefaults change for new namespaces, and are validated', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const patch = (body: object) => client.patch(clusterDefaults, '', 'cluster', { spec: { namespaces: body } }, { type: 'merge' }, signal)
  await patch({ exempt: ['free'], resourceQuota: { hard: { pods: '2' } }, limitRange: null, network: { allowDNS: false } })
  for (const name of ['free', 'small']) await client.create(namespaces, '', { metadata: { name }, spec: {} }, signal)
  await admitted(
    client,
    'small',
    restrictedPod('p', {}, { resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { memory: '1Mi' } } }),
  )
  assert.equal((await client.get(resourceQuotas, 'small', 'default', signal)).spec.hard?.['pods'], '2')
  assert.deepEqual((await client.list(limitRanges, { namespace: 'small' }, signal)).items, [])
  assert.deepEqual((await client.list(resourceQuotas, { namespace: 'free' }, signal)).items, [])
  assert.deepEqual([await policiesOf(client, 'small'), await policiesOf(client, 'free')], [['default-deny'], []])
  const bad: [object, RegExp][] = [
    [{ resourceQuota: { hard: { nothing: '1' } } }, /spec\.namespaces\.resourceQuota\.hard\[nothing\]/],
    [{ limitRange: { limits: [{ type: 'Node' }] } }, /spec\.namespaces\.limitRange\.limits\[0\]\.type/],
    [{ labels: { 'a b': 'c' } }, /spec\.namespaces\.labels/],
    [{ exempt: ['A_B'] }, /spec\.namespaces\.exempt\[0\]/],
  ]
  for (const [body, why] of bad) await assert.rejects(patch(body), why)
  const other: KubeObject = { metadata: { name: 'other' } }
  await assert.rejects(client.create(clusterDefaults, '', other as never, signal), /must be "cluster"/)
})

test('the upstream profile leaves namespaces as Kubernetes does', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0, profile: 'upstream' })
  const { client } = cluster
  const made = await client.create(namespaces, '', { metadata: { name: 'team' }, spec: {} }, signal)
  assert.deepEqual([made.metadata.labels, made.metadata.annotations], [{ 'kubernetes.io/metadata.name': 'team' }, undefined])
  assert.deepEqual((await client.list(clusterDefaults, {}, signal)).items, [])
  assert.deepEqual(await policiesOf(client, 'team'), [])
})
