// Signed manifests in admission: what is stored is what was signed, and controllers go on from there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedManifest } from '../../../assess/attacks/supply-chain/unsigned-manifests.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { deployments, manifestPolicies, namespaces, pods, services, trustRoots } from '../../../client/resources.ts'
import { newKey } from '../../../supply-chain/release/release.testing.ts'
import { startCluster } from '../bootstrapped.testing.ts'

const limit = () => AbortSignal.timeout(30_000)
const labels = { app: 'web' }
const deployment = (replicas?: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        securityContext: { runAsNonRoot: true },
        containers: [{ name: 'main', image: 'registry.example.com/web:1', resources: { limits: { cpu: '1000m' } } }],
      },
    },
  },
})

async function opened() {
  const cluster = await startCluster()
  const { client } = cluster
  const key = newKey()
  await client.create(namespaces, '', { metadata: { name: 'shop' }, spec: {} }, limit())
  await client.create(
    trustRoots,
    '',
    { metadata: { name: 'team' }, spec: { keys: [{ name: 'release', publicKey: key.publicKey }] } },
    limit(),
  )
  const verify = { anyOf: [{ key: { trustRoot: 'team', name: 'release' } }] }
  const policy = await client.create(
    manifestPolicies,
    'shop',
    { metadata: { name: 'signed' }, spec: { resources: ['*'], verify } },
    limit(),
  )
  const apply = (object: object) =>
    client.patch(deployments, 'shop', 'web', object as never, { type: 'apply', fieldManager: 'ci', force: true } as never, limit())
  return { client, key, policy, apply, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
}

test('a signed Deployment runs: its ReplicaSet and pods pass, scaling passes, and applying it again changes nothing', async () => {
  await using cluster = await opened()
  const { client, key, apply } = cluster
  const signed = signedManifest(deployment(), key)
  const stored = await apply(signed)
  assert.match(stored.metadata.annotations?.['supply.bulkhead.dev/verified-manifest'] ?? '', /^[0-9a-f]{64}$/)
  await until(async () => (await client.list(pods, { namespace: 'shop' }, limit())).items.length === 1, 'a pod')
  const scaled = { spec: { replicas: 2 } }
  await client.patch(deployments, 'shop', 'web', scaled, { type: 'merge', subresource: 'scale' } as never, limit())
  await until(async () => (await client.list(pods, { namespace: 'shop' }, limit())).items.length === 2, 'two pods')
  const again = await apply(signed)
  assert.equal(again.spec.replicas, 2)
  await assert.rejects(apply(deployment()), /requires a signed manifest/)
  await assert.rejects(
    client.patch(deployments, 'shop', 'web', { spec: { template: { spec: { hostNetwork: true } } } }, { type: 'merge' }, limit()),
    /it is not as it was signed: spec\.template\.spec\.hostNetwork is true, and is not signed/,
  )
  await assert.rejects(
    client.patch(
      deployments,
      'shop',
      'web',
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'evil' }] } } } },
      { type: 'strategic' } as never,
      limit(),
    ),
    /spec\.template\.spec\.containers\[0\]\.image is "evil", and "registry\.example\.com\/web:1" is signed/,
  )
})

test('a field that an earlier signed version had does not stay in the next one', async () => {
  await using cluster = await opened()
  const { client, key } = cluster
  const first = { ...deployment(), spec: { ...deployment().spec, minReadySeconds: 5 } }
  await client.create(deployments, 'shop', signedManifest(first, key) as never, limit())
  const next = signedManifest({ ...deployment(), spec: { ...deployment().spec, paused: true } }, key)
  await assert.rejects(
    client.patch(deployments, 'shop', 'web', { metadata: next['metadata'], spec: { paused: true } } as never, { type: 'merge' }, limit()),
    /spec\.minReadySeconds is 5, and is not signed/,
  )
})

test('the pods of a workload from before the policy are refused, and other kinds of the cluster are not', async () => {
  await using cluster = await opened()
  const { client, policy, key } = cluster
  await client.delete(manifestPolicies, 'shop', 'signed', {}, limit())
  await client.create(deployments, 'shop', deployment(0) as never, limit())
  await client.create(
    manifestPolicies,
    'shop',
    { metadata: { name: 'signed' }, spec: { ...policy.spec, resources: ['pods', 'services', 'endpointslices.discovery.k8s.io'] } },
    limit(),
  )
  await client.patch(deployments, 'shop', 'web', { spec: { replicas: 1 } }, { type: 'merge' }, limit())
  await until(async () => {
    const { items } = await client.list(deployments, { namespace: 'shop' }, limit())
    return JSON.stringify(items[0]?.status?.conditions ?? []).includes('is not signed')
  }, 'the refusal in the status')
  assert.equal((await client.list(pods, { namespace: 'shop' }, limit())).items.length, 0)
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80 }] } }
  await client.create(services, 'shop', signedManifest(service, key) as never, limit())
  await assert.rejects(
    client.create(services, 'shop', { ...service, metadata: { name: 'other' } } as never, limit()),
    /requires a signed manifest/,
  )
})

test('an older signed manifest does not replace a newer one, but one that is signed again', async () => {
  await using cluster = await opened()
  const { key, apply } = cluster
  const now = Date.now()
  const older = signedManifest({ ...deployment(), spec: { ...deployment().spec, minReadySeconds: 5 } }, key, now - 60_000)
  await apply(older)
  await apply(signedManifest(deployment(), key, now))
  await assert.rejects(apply(older), /it is older; would pass: the same manifest, signed again/)
  const again = await apply(signedManifest({ ...deployment(), spec: { ...deployment().spec, minReadySeconds: 5 } }, key, now + 1000))
  assert.equal(again.spec.minReadySeconds, 5)
})
