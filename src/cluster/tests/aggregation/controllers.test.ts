// Controllers with an aggregated server that does not answer: unknown state blocks only what depends on it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../api/object.ts'
import type { APIService } from '../../../api/types/apiregistration-v1.ts'
import type { Namespace } from '../../../api/types/core-v1.ts'
import type { ResourceRef } from '../../../client/resource-ref.ts'
import { namespaces } from '../../../client/resources.ts'
import { type Cluster, startCluster } from '../bootstrapped.testing.ts'

const apiServices: ResourceRef<KubeObject & APIService> = {
  ...{ group: 'apiregistration.k8s.io', version: 'v1', plural: 'apiservices', kind: 'APIService', namespaced: false },
}

/** Waits for a state of the namespace; `undefined` means deleted. */
async function until(cluster: Cluster, name: string, is: (object: Namespace | undefined) => boolean, signal: AbortSignal): Promise<void> {
  const options = { fieldSelector: `metadata.name=${name}` }
  for await (const events of cluster.client.watch<KubeObject & Namespace>(namespaces, options, signal))
    for (const { type, object } of events) if (is(type === 'DELETED' ? undefined : (object as KubeObject & Namespace))) return
  throw new Error('the watch ended')
}

test('a namespace stays while a group version does not answer, reports which, and is removed once it is unregistered', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const signal = AbortSignal.timeout(60_000)
  const name = 'v1.wardle.example.com'
  const spec = {
    ...{ group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10 },
    service: { namespace: 'default', name: 'absent' },
  }
  await cluster.client.create(
    apiServices,
    '',
    { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name }, spec },
    signal,
  )
  await cluster.client.create(namespaces, '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' }, spec: {} }, signal)
  await cluster.client.delete(namespaces, '', 'ending', {}, signal)
  const failure = (object: Namespace | undefined) =>
    object?.status?.conditions?.find(({ type }) => type === 'NamespaceDeletionDiscoveryFailure')
  let message: string | undefined
  const reported = (object: Namespace | undefined) => {
    message = failure(object)?.message
    return failure(object)?.status === 'True'
  }
  await until(cluster, 'ending', reported, signal)
  assert.equal(
    message,
    'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: wardle.example.com/v1: stale GroupVersion discovery: wardle.example.com/v1',
  )
  await cluster.client.delete(apiServices, '', name, {}, signal)
  await until(cluster, 'ending', object => object === undefined, signal)
})
