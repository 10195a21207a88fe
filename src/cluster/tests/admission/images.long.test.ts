// Images in admission: tags become digests once, and policies hold for what is stored. The registry is in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxWaiting } from '../../../admission/images/waiting-requests.ts'
import { publicKey } from '../../../api/resources/supply/supply.fixture.ts'
import type { Deployment } from '../../../api/types/apps-v1.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import type { ImagePolicySpec } from '../../../api/types/supply-v1.ts'
import { listVerifier, memoryRegistries } from '../../../artifacts/artifacts.testing.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import {
  clusterImagePolicies,
  deployments,
  imagePolicies,
  images,
  namespaces,
  pods,
  replicaSets,
  trustRoots,
} from '../../../client/resources.ts'
import { startCluster } from '../bootstrapped.testing.ts'

const app = 'registry.example.com/shop/app'
const limit = () => AbortSignal.timeout(20_000)
const spec = (image: string): Pod['spec'] => ({
  securityContext: { runAsNonRoot: true },
  containers: [{ name: 'main', image }],
})
const podOf = (name: string, image: string, more: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name, ...more },
  spec: spec(image),
})
const signed: ImagePolicySpec = {
  images: ['registry.example.com/**'],
  verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] },
}
const annotation = 'supply.bulkhead.dev/images'

/** The first value that is not undefined. */
async function waitUntil<T>(read: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined
  await until(async () => {
    found = await read()
    return found !== undefined
  }, read.toString())
  if (found === undefined) throw new Error('nothing was found')
  return found
}

async function opened(profile: 'secure' | 'upstream' = 'secure') {
  const registries = memoryRegistries()
  const cluster = await startCluster({ profile, images: { registries, verifier: listVerifier(registries) } })
  const { client } = cluster
  const create = (pod: Pod, namespace = 'default') => client.create(pods, namespace, pod, limit())
  return {
    registries,
    client,
    create,
    imageOf: async (pod: Pod) => (await create(pod)).spec.containers[0]?.image,
    async trust(keys = ['release'], revoked: string[] = []) {
      const root = {
        metadata: { name: 'shop' },
        spec: { keys: keys.map(name => ({ name, publicKey })), revoked: revoked.map(key => ({ key })) },
      }
      return client.create(trustRoots, '', root, limit())
    },
    require: (policy = signed) => client.create(clusterImagePolicies, '', { metadata: { name: 'signed' }, spec: policy }, limit()),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

test('a pod gets the digest of its tag, keeps the tag, and the image is recorded', async () => {
  await using cluster = await opened()
  const digest = cluster.registries.push(app, '1', 'one')
  const pod = await cluster.create(podOf('a', `${app}:1`))
  assert.equal(pod.spec.containers[0]?.image, `${app}:1@${digest}`)
  assert.deepEqual(JSON.parse(pod.metadata.annotations?.[annotation] ?? ''), { main: { image: `${app}:1`, digest } })
  const recorded = await waitUntil(async () => {
    const found = (await cluster.client.list(images, {}, limit())).items[0]
    return (found?.status?.running?.pods ?? 0) > 0 ? found : undefined
  })
  assert.deepEqual([recorded.spec.digest, recorded.status?.running?.names], [digest, ['default/a']])
  assert.equal(recorded.status?.verdicts?.[0]?.verdict, 'Unverified')
})

test('applying the same pod again changes nothing, and a new tag is resolved', async () => {
  await using cluster = await opened()
  const [one, two] = [cluster.registries.push(app, '1', 'one'), cluster.registries.push(app, '2', 'two')]
  const made = await cluster.create(podOf('a', `${app}:1`))
  cluster.registries.push(app, '1', 'moved')
  const patch = (image: string) =>
    cluster.client.patch(pods, 'default', 'a', { spec: { containers: [{ name: 'main', image }] } }, { type: 'strategic' }, limit())
  const again = await patch(`${app}:1`)
  assert.equal(again.spec.containers[0]?.image, `${app}:1@${one}`)
  assert.equal(again.metadata.annotations?.[annotation], made.metadata.annotations?.[annotation])
  assert.equal((await patch(`${app}:2`)).spec.containers[0]?.image, `${app}:2@${two}`)
})

test('without a policy, a pod is admitted unpinned when the registry does not answer, and the upstream profile pins nothing', async () => {
  {
    await using cluster = await opened()
    cluster.registries.failure = 'registry registry.example.com does not answer'
    assert.equal(await cluster.imageOf(podOf('a', `${app}:1`)), `${app}:1`)
    assert.equal(await cluster.imageOf(podOf('b', 'bulkhead.local/busybox:1')), 'bulkhead.local/busybox:1')
    const never: Pod = {
      metadata: { name: 'c' },
      spec: { ...spec(''), containers: [{ name: 'main', image: 'x:1', imagePullPolicy: 'Never' }] },
    }
    assert.equal(await cluster.imageOf(never), 'x:1')
    assert.deepEqual(cluster.registries.requests, [`${app} 1`])
  }
  await using cluster = await opened('upstream')
  cluster.registries.push(app, '1', 'one')
  assert.equal(await cluster.imageOf(podOf('a', `${app}:1`)), `${app}:1`)
  assert.deepEqual(cluster.registries.requests, [])
})

for (const profile of ['secure', 'upstream'] as const)
  test(`a policy refuses unsigned images, and admits signed ones with their signer, in the ${profile} profile`, async () => {
    await using cluster = await opened(profile)
    const digest = cluster.registries.push(app, '1', 'one')
    cluster.registries.push(app, 'unsigned', 'other')
    cluster.registries.sign(digest, 'release')
    await cluster.trust()
    await cluster.require()
    await assert.rejects(
      cluster.create(podOf('a', `${app}:unsigned`)),
      /image "registry.example.com\/shop\/app:unsigned@sha256:.*" is refused: policy "signed": nobody/,
    )
    await assert.rejects(
      cluster.create(podOf('a', `${app}:none`)),
      /is not verified: policy "signed" requires it, and .* has no image "none"/,
    )
    const pod = await cluster.create(podOf('a', `${app}:1`))
    const { main } = JSON.parse(pod.metadata.annotations?.[annotation] ?? '')
    assert.deepEqual([pod.spec.containers[0]?.image, main.by], [`${app}:1@${digest}`, ['key "release" of trust root "shop"']])
    assert.equal(await cluster.imageOf(podOf('b', 'bulkhead.local/busybox:1')), 'bulkhead.local/busybox:1')
  })

test('a policy fails closed when the registry does not answer, and known images go on', async () => {
  await using cluster = await opened()
  cluster.registries.sign(cluster.registries.push(app, '1', 'one'), 'release')
  await cluster.trust()
  await cluster.require()
  await cluster.create(podOf('a', `${app}:1`))
  cluster.registries.failure = 'registry registry.example.com does not answer'
  await cluster.create(podOf('b', `${app}:1`))
  await assert.rejects(cluster.create(podOf('c', `${app}:2`)), /requires it, and registry registry.example.com does not answer/)
})

test('a revoked key is refused at once, and the Image says so', async () => {
  await using cluster = await opened()
  const digest = cluster.registries.push(app, '1', 'one')
  cluster.registries.sign(digest, 'release')
  await cluster.trust()
  await cluster.require()
  await cluster.create(podOf('a', `${app}:1`))
  await cluster.client.patch(trustRoots, '', 'shop', { spec: { revoked: [{ key: 'release' }] } }, { type: 'merge' }, limit())
  await assert.rejects(cluster.create(podOf('b', `${app}:1`)), /is refused/)
  const refused = await waitUntil(async () => {
    const found = (await cluster.client.list(images, {}, limit())).items[0]
    return found?.status?.verdicts?.[0]?.verdict === 'Refused' ? found : undefined
  })
  assert.deepEqual(refused.status?.running?.names, ['default/a'])
})

test('a policy of a namespace is for its pods only', async () => {
  await using cluster = await opened()
  cluster.registries.push(app, '1', 'one')
  await cluster.client.create(imagePolicies, 'default', { metadata: { name: 'own' }, spec: signed }, limit())
  await assert.rejects(cluster.create(podOf('a', `${app}:1`)), /policy "own"/)
  await cluster.create(podOf('a', `${app}:1`), 'kube-public')
})

test('the annotation of admitted images cannot be forged or changed', async () => {
  await using cluster = await opened()
  const digest = cluster.registries.push(app, '1', 'one')
  const forged = { [annotation]: JSON.stringify({ main: { image: 'x', digest, by: ['eve'] } }) }
  const local = await cluster.create(podOf('a', 'bulkhead.local/busybox:1', { annotations: forged }))
  assert.equal(local.metadata.annotations?.[annotation], undefined)
  const made = await cluster.create(podOf('b', `${app}:1`))
  const patch = (annotations: object) =>
    cluster.client.patch(pods, 'default', 'b', { metadata: { annotations } }, { type: 'merge' }, limit())
  assert.equal((await patch({ ...forged, other: 'x' })).metadata.annotations?.[annotation], made.metadata.annotations?.[annotation])
})

test('templates stay as they are, unless a policy is for them or the namespace asks; copies of controllers stay equal', async () => {
  await using cluster = await opened()
  const digest = cluster.registries.push(app, '1', 'one')
  const deploymentOf = (name: string): Deployment => ({
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: spec(`${app}:1`) },
    },
  })
  const imageOf = ({ spec: { template } }: Deployment) => template.spec?.containers[0]?.image
  const plain = await cluster.client.create(deployments, 'default', deploymentOf('plain'), limit())
  assert.equal(imageOf(plain), `${app}:1`)
  const pod = await waitUntil(async () => (await cluster.client.list(pods, { namespace: 'default' }, limit())).items[0])
  assert.equal(pod.spec.containers[0]?.image, `${app}:1@${digest}`)
  await cluster.client.patch(
    namespaces,
    '',
    'default',
    { metadata: { labels: { 'supply.bulkhead.dev/pin-images': 'true' } } },
    { type: 'merge' },
    limit(),
  )
  const labelled = await cluster.client.create(deployments, 'default', deploymentOf('labelled'), limit())
  assert.equal(imageOf(labelled), `${app}:1@${digest}`)
  // A new policy, and a new ReplicaSet of the first Deployment: the copy of its template stays equal, so that only one is made.
  cluster.registries.sign(digest, 'release')
  await cluster.trust()
  await cluster.require()
  await cluster.client.patch(
    deployments,
    'default',
    'plain',
    { spec: { template: { metadata: { annotations: { now: 'x' } } } } },
    { type: 'merge' },
    limit(),
  )
  const settled = await waitUntil(async () => {
    const found = await cluster.client.get(deployments, 'default', 'plain', limit())
    return found.status?.observedGeneration === found.metadata.generation &&
      (found.status?.updatedReplicas ?? 0) === 1 &&
      found.status?.replicas === 1
      ? found
      : undefined
  })
  const copies = (await cluster.client.list(replicaSets, { namespace: 'default' }, limit())).items.filter(({ metadata }) =>
    metadata.name?.startsWith('plain-'),
  )
  assert.deepEqual([imageOf(settled), copies.length], [`${app}:1`, 2])
})

const conditionOf = ({ status }: Pod) => (status?.conditions ?? []).find(({ type }) => type === 'supply.bulkhead.dev/ImagesVerified')

test('a pod says who signed its image, and starts no container again once the signer is revoked, until they are trusted again', async () => {
  await using cluster = await opened()
  cluster.registries.sign(cluster.registries.push(app, '1', 'one'), 'release')
  await cluster.trust()
  await cluster.require()
  await cluster.create(podOf('a', `${app}:1`))
  const read = () => cluster.client.get(pods, 'default', 'a', limit())
  const seen = async (status: string) => waitUntil(async () => (conditionOf(await read())?.status === status ? read() : undefined))
  assert.match(conditionOf(await seen('True'))?.message ?? '', /^main: key "release" of trust root "shop", 20\d\d-/)
  await waitUntil(async () => ((await read()).status?.phase === 'Running' ? true : undefined))
  const revoke = (revoked: object[]) => cluster.client.patch(trustRoots, '', 'shop', { spec: { revoked } }, { type: 'merge' }, limit())
  await revoke([{ key: 'release' }])
  assert.match(
    conditionOf(await seen('False'))?.message ?? '',
    /^main: registry.example.com\/shop\/app:1@sha256:.*: policy "signed": nobody/,
  )
  const refusal = await revoke([]).then(
    () => '',
    (err: unknown) => String(err),
  )
  const [, accepted = ''] = /key "release" was revoked, and is not\. .*accept-rollback="([0-9a-f]{16})"/.exec(refusal) ?? []
  const metadata = { annotations: { 'supply.bulkhead.dev/accept-rollback': accepted } }
  await cluster.client.patch(trustRoots, '', 'shop', { metadata, spec: { revoked: [] } }, { type: 'merge' }, limit())
  assert.equal(conditionOf(await seen('True'))?.reason, 'Verified')
})

test('a policy that comes later refuses the images that run already', async () => {
  await using cluster = await opened()
  cluster.registries.push(app, '1', 'one')
  await cluster.create(podOf('a', `${app}:1`))
  await cluster.trust()
  await cluster.require()
  const refused = await waitUntil(async () => {
    const pod = await cluster.client.get(pods, 'default', 'a', limit())
    return conditionOf(pod)?.status === 'False' ? pod : undefined
  })
  assert.equal(conditionOf(refused)?.reason, 'Refused')
})

test('a pod that waits since before a policy came is bound to no node', async () => {
  await using cluster = await opened('upstream')
  cluster.registries.push(app, '1', 'one')
  const waiting: Pod = { metadata: { name: 'a' }, spec: { ...spec(`${app}:1`), schedulerName: 'nobody' } }
  await cluster.create(waiting)
  await cluster.trust()
  await cluster.require()
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'node-1' } }
  await assert.rejects(
    cluster.client.subresource('POST', pods, 'default', 'a', 'binding', binding, limit()),
    /image "registry.example.com\/shop\/app:1" is not verified: policy "signed" requires it, and its digest is not known/,
  )
})

test('a registry that hangs delays one pod, and the next ones are admitted at once; those of another namespace still get digests', async () => {
  await using cluster = await opened()
  await cluster.client.create(namespaces, '', { metadata: { name: 'other' }, spec: {} }, limit())
  const digest = cluster.registries.push(app, '1', 'one')
  const held = Promise.withResolvers<void>()
  cluster.registries.hold = held.promise
  assert.equal(await cluster.imageOf(podOf('a', `${app}:1`)), `${app}:1`)
  const count = cluster.registries.requests.length
  for (const name of ['b', 'c', 'd']) assert.equal(await cluster.imageOf(podOf(name, `${app}:${name}`)), `${app}:${name}`)
  assert.equal(cluster.registries.requests.length, count)
  cluster.registries.hold = undefined
  const other = await cluster.create(podOf('a', `${app}:1`), 'other')
  assert.equal(other.spec.containers[0]?.image, `${app}:1@${digest}`)
  held.resolve()
})

test('a namespace whose registry hangs has few requests that wait, and others are served', async () => {
  await using cluster = await opened()
  await cluster.trust()
  await cluster.client.create(clusterImagePolicies, '', { metadata: { name: 'signed' }, spec: signed }, limit())
  await cluster.client.create(namespaces, '', { metadata: { name: 'other' }, spec: {} }, limit())
  const held = Promise.withResolvers<void>()
  cluster.registries.hold = held.promise
  const names = Array.from({ length: maxWaiting }, (_, at) => `waits-${at}`)
  const waiting = Promise.allSettled(names.map(name => cluster.create(podOf(name, `${app}:${name}`))))
  await assert.rejects(
    until(async () => {
      await cluster.create(podOf('more', `${app}:more`))
      return true
    }, 'a refusal'),
    new RegExp(`${maxWaiting} requests of namespace "default" wait for registries already`),
  )
  const other = assert.rejects(cluster.create(podOf('a', `${app}:a`), 'other'), err => !/wait for registries already/.test(String(err)))
  held.resolve()
  await Promise.all([other, waiting])
})
