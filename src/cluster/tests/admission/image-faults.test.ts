// What goes wrong between a registry and a pod: each fault is refused, or has a documented fallback (docs/supply-chain.md).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/types/core-v1.ts'
import { listVerifier, memoryRegistries } from '../../../artifacts/artifacts.testing.ts'
import { httpsRegistries } from '../../../artifacts/https-registries.ts'
import { signatureVerifier } from '../../../artifacts/signature-verifier.ts'
import { systemClock } from '../../../base/clock.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { resourceRef } from '../../../client/resource-ref.ts'
import { clusterImagePolicies, images, pods, trustRoots } from '../../../client/resources.ts'
import {
  HostileRegistry,
  indexType,
  manifestType,
  repository as path,
} from '../../../supply-chain/oci/registry/hostile-registry.testing.ts'
import { ecKeys, signBytes, simplePayload, tagOf } from '../../../supply-chain/signatures/sign.testing.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { patching, TestWebhook } from '../webhook.testing.ts'

const limit = () => AbortSignal.timeout(30_000)
const podOf = (image: string): Pod => ({
  metadata: { generateName: 'web-' },
  spec: { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image }] },
})
const hooks = resourceRef('admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false)

test('an image that a webhook puts in after the verification is verified, too', async () => {
  const app = 'registry.example.com/shop/app'
  const registries = memoryRegistries()
  await using hook = await TestWebhook.open()
  await using cluster = await startCluster({
    simulatedNodes: 0,
    images: { registries, verifier: listVerifier(registries) },
  })
  const { client } = cluster
  registries.sign(registries.push(app, 'signed', 'one'), 'release')
  const unsigned = registries.push(app, 'unsigned', 'two')
  await client.create(
    trustRoots,
    '',
    { metadata: { name: 'shop' }, spec: { keys: [{ name: 'release', publicKey: ecKeys().pem }] } },
    limit(),
  )
  const verify = { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] }
  await client.create(clusterImagePolicies, '', { metadata: { name: 'signed' }, spec: { images: [`${app}`], verify } }, limit())
  const configuration = {
    metadata: { name: 'hooks' },
    webhooks: [
      {
        name: 'a.example.com',
        clientConfig: hook.clientConfig('/a'),
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        ...{ sideEffects: 'None', admissionReviewVersions: ['v1'], reinvocationPolicy: 'Never' },
      },
    ],
  }
  await client.create(hooks, '', configuration, limit())
  const create = () => client.create(pods, 'default', podOf(`${app}:signed`), limit())
  assert.match((await create()).spec.containers[0]?.image ?? '', /:signed@sha256:/)
  const refusals: readonly (readonly [string, RegExp])[] = [
    [`${app}:unsigned`, /is refused: policy "signed"|is not verified: policy "signed"/],
    [`${app}@${unsigned}`, /is refused: policy "signed"/],
    [`${app}:signed@${unsigned}`, /is refused: policy "signed"/],
  ]
  for (const [image, message] of refusals) {
    hook.respond = () => patching({ op: 'replace', path: '/spec/containers/0/image', value: image })
    await assert.rejects(create(), message, image)
    hook.respond = () => patching({ op: 'add', path: '/spec/initContainers', value: [{ name: 'first', image }] })
    await assert.rejects(create(), message, `${image} of an init container`)
  }
})

test('an image for several architectures is pinned and verified by its index, and its platforms are known', async () => {
  await using registry = await HostileRegistry.start()
  const keys = ecKeys()
  const platform = (architecture: string) => {
    const config = {
      ...registry.putBlob(JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } })),
      mediaType: 'application/vnd.oci.image.config.v1+json',
    }
    return {
      ...registry.putManifest({ schemaVersion: 2, mediaType: manifestType, config, layers: [] }),
      platform: { os: 'linux', architecture },
    }
  }
  const manifests = [platform('amd64'), platform('arm64')]
  const index = registry.putManifest({ schemaVersion: 2, mediaType: indexType, manifests }, '1', indexType)
  const payload = simplePayload(index.digest, `${registry.host}/${path}`)
  const layer = {
    ...registry.putBlob(payload),
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    annotations: { 'dev.cosignproject.cosign/signature': signBytes(keys, payload).toString('base64') },
  }
  registry.putManifest({ schemaVersion: 2, mediaType: manifestType, layers: [layer] }, tagOf(index.digest, 'sig'))
  using registries = httpsRegistries({ clock: systemClock, authorities: registry.authorities })
  await using cluster = await startCluster({ images: { registries, verifier: signatureVerifier } })
  const { client } = cluster
  await client.create(trustRoots, '', { metadata: { name: 'shop' }, spec: { keys: [{ name: 'release', publicKey: keys.pem }] } }, limit())
  const verify = { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] }
  await client.create(
    clusterImagePolicies,
    '',
    { metadata: { name: 'signed' }, spec: { images: [`${registry.host}/**`], verify } },
    limit(),
  )
  const image = `${registry.host}/${path}`
  const pod = await client.create(pods, 'default', podOf(`${image}:1`), limit())
  assert.equal(pod.spec.containers[0]?.image, `${image}:1@${index.digest}`)
  const platforms = async () => (await client.list(images, {}, limit())).items.flatMap(({ status }) => status?.platforms ?? [])
  await until(async () => (await platforms()).length === 2, 'the platforms')
  assert.deepEqual(
    (await platforms()).map(({ architecture, digest }) => [architecture, digest]),
    manifests.map(({ platform: { architecture }, digest }) => [architecture, digest]),
  )
  // The signature of the index is none of the image of one platform.
  await assert.rejects(client.create(pods, 'default', podOf(`${image}@${manifests[0]?.digest}`), limit()), /no signature by key "release"/)
})

test('a tag that moves after the admission changes no admitted pod', async () => {
  const app = 'registry.example.com/shop/app'
  const registries = memoryRegistries()
  await using cluster = await startCluster({ images: { registries, verifier: listVerifier(registries) } })
  const { client } = cluster
  const digest = registries.push(app, '1', 'one')
  const { metadata } = await client.create(pods, 'default', podOf(`${app}:1`), limit())
  registries.push(app, '1', 'another')
  await until(async () => (await client.get(pods, 'default', metadata.name ?? '', limit())).status?.phase === 'Running', 'the running pod')
  const { spec } = await client.get(pods, 'default', metadata.name ?? '', limit())
  assert.equal(spec.containers[0]?.image, `${app}:1@${digest}`)
})
