// Views of Pods and Namespaces: read, selected and watched like the originals.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/types/core-v1.ts'
import { namespaceLabels, namespaces, podAddresses, pods, serviceAccounts } from '../../../client/resources.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod } from '../secured-api.testing.ts'

test('a watch of views has the events of the original objects, with the same selectors and revisions', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0, profile: 'upstream' })
  const { client } = cluster
  const signal = AbortSignal.timeout(30_000)
  await client.create(serviceAccounts, 'default', { metadata: { name: 'views' } }, signal)
  const { resourceVersion } = await client.list(podAddresses, {}, signal)
  const watch = client.watch(podAddresses, { resourceVersion, labelSelector: 'app=web' }, signal)
  const make = (name: string, labels: Record<string, string>) =>
    client.create(
      pods,
      'default',
      { ...restrictedPod(name, { serviceAccountName: 'views' }), metadata: { name, labels } } as unknown as Pod,
      signal,
    )
  await make('other', {})
  const made = await make('web', { app: 'web' })
  await client.patch(pods, 'default', 'other', { metadata: { labels: { app: 'web' } } }, { type: 'merge' }, signal)
  await client.patch(pods, 'default', 'web', { metadata: { labels: { app: null } } }, { type: 'merge' }, signal)
  const seen: string[] = []
  for await (const events of watch) {
    for (const { type, object } of events) {
      // The scheduler reports that it finds no node.
      if (type !== 'MODIFIED') seen.push(`${type} ${object.metadata.name}`)
      assert.deepEqual(Object.keys(object).sort(), ['apiVersion', 'kind', 'metadata', 'spec'])
      assert.deepEqual('spec' in object && object.spec, { nodeName: '', addresses: [] })
    }
    if (seen.length >= 3) break
  }
  assert.deepEqual(seen, ['ADDED web', 'ADDED other', 'DELETED web'])
  const view = await client.get(podAddresses, 'default', 'other', signal)
  assert.equal(view.metadata.labels?.['app'], 'web')
  assert.notEqual(view.metadata.uid, made.metadata.uid)
})

test('a view of a namespace follows its labels and ends with it', { timeout: 60_000 }, async () => {
  await using cluster = await startCluster({ simulatedNodes: 0, profile: 'upstream' })
  const { client } = cluster
  const signal = AbortSignal.timeout(30_000)
  await client.create(namespaces, '', { metadata: { name: 'team', labels: { a: 'b' }, annotations: { note: 'canary' } }, spec: {} }, signal)
  const { metadata } = await client.get(namespaceLabels, '', 'team', signal)
  assert.deepEqual([metadata.labels, metadata.annotations], [{ a: 'b', 'kubernetes.io/metadata.name': 'team' }, undefined])
  const { resourceVersion } = await client.list(namespaceLabels, {}, signal)
  const watch = client.watch(namespaceLabels, { resourceVersion, fieldSelector: 'metadata.name=team' }, signal)
  await client.delete(namespaces, '', 'team', {}, signal)
  for await (const events of watch) if (events.some(({ type }) => type === 'DELETED')) break
})
