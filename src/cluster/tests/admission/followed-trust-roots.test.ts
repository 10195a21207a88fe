// A trust root that follows a TUF repository over HTTPS: signatures by what it says, from the signed image to the admitted pod.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/types/core-v1.ts'
import { httpsRegistries } from '../../../artifacts/https-registries.ts'
import { signatureVerifier } from '../../../artifacts/signature-verifier.ts'
import { systemClock } from '../../../base/clock.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { clusterImagePolicies, pods, trustRoots } from '../../../client/resources.ts'
import { nodePlatform } from '../../../supply-chain/oci/platform.ts'
import { HostileRegistry, manifestType, repository as path } from '../../../supply-chain/oci/registry/hostile-registry.testing.ts'
import { issuer, mockSigstore, subject } from '../../../supply-chain/signatures/keyless.testing.ts'
import { tagOf } from '../../../supply-chain/signatures/sign.testing.ts'
import { TufRepository } from '../../../supply-chain/signatures/tuf/tuf.testing.ts'
import { startCluster } from '../bootstrapped.testing.ts'

const limit = () => AbortSignal.timeout(20_000)
const podOf = (image: string): Pod => ({
  metadata: { generateName: 'web-' },
  spec: { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image }] },
})

test('a keyless signature counts by the trusted root that a TUF repository has, and no more when that is another one', async () => {
  await using server = await HostileRegistry.start()
  const sigstore = await mockSigstore()
  const repository = new TufRepository(JSON.stringify(sigstore.trustedRoot))
  const publish = () => {
    for (const [name, bytes] of repository.metadataFiles) server.answer(`/tuf/${name}`, bytes)
    for (const [name, bytes] of repository.targetFiles) server.answer(`/tuf/targets/${name}`, bytes)
  }
  publish()
  const facts = JSON.stringify({ ...nodePlatform(process.arch), created: '2026-01-01T00:00:00Z', rootfs: { type: 'layers', diff_ids: [] } })
  const config = { ...server.putBlob(facts), mediaType: 'application/vnd.oci.image.config.v1+json' }
  const { digest } = server.putManifest({ schemaVersion: 2, mediaType: manifestType, config, layers: [] }, '1')
  const { payload, annotations } = await sigstore.cosign(digest)
  const layer = { ...server.putBlob(payload), mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', annotations }
  server.putManifest({ schemaVersion: 2, mediaType: manifestType, layers: [layer] }, tagOf(digest, 'sig'))

  using registries = httpsRegistries({ clock: systemClock, authorities: server.authorities })
  await using cluster = await startCluster({ images: { registries, verifier: signatureVerifier } })
  const { client } = cluster
  const spec = { tuf: { root: { ...repository.root(1) }, url: `https://${server.host}/tuf/`, authorities: server.authorities } }
  await client.create(trustRoots, '', { metadata: { name: 'public' }, spec }, limit())
  const images = [`${server.host}/**`]
  const verify = { anyOf: [{ keyless: { trustRoot: 'public', issuer, subject } }] }
  await client.create(clusterImagePolicies, '', { metadata: { name: 'signed' }, spec: { images, verify } }, limit())
  const condition = async () => {
    const { status } = await client.get(trustRoots, '', 'public', limit())
    return status?.conditions?.find(({ type }) => type === 'Current')
  }
  await until(async () => (await condition())?.status === 'True', 'the read repository')
  const image = `${server.host}/${path}:1`
  const pod = await client.create(pods, 'default', podOf(image), limit())
  assert.match(
    pod.metadata.annotations?.['supply.bulkhead.dev/images'] ?? '',
    /release\.yaml@refs\/heads\/main.* by trust root \\"public\\"/,
  )

  repository.publishRoot()
  repository.publish(JSON.stringify((await mockSigstore()).trustedRoot))
  publish()
  // Another first root is followed at once, without the hour between two updates.
  await client.update(
    trustRoots,
    { ...(await client.get(trustRoots, '', 'public', limit())), spec: { tuf: { ...spec.tuf, root: { ...repository.root(2) } } } },
    limit(),
  )
  await until(async () => /root version 2/.test((await condition())?.message ?? ''), 'the second version')
  await assert.rejects(client.create(pods, 'default', podOf(image), limit()), /no signature by .*release\.yaml.* by trust root "public"/)
})

test('an older TrustRoot is refused, and an administrator who wants it says so', async () => {
  await using cluster = await startCluster({ controllers: false, simulatedNodes: 0 })
  const { client } = cluster
  const trustedRoot = { a: 1 }
  const made = await client.create(trustRoots, '', { metadata: { name: 'a' }, spec: { version: 2, sigstore: { trustedRoot } } }, limit())
  const older = { ...made, spec: { version: 1, sigstore: { trustedRoot } } }
  let message = ''
  await assert.rejects(client.update(trustRoots, older, limit()), (err: unknown) => {
    message = String(err)
    return /spec\.version is 1, and was 2\. If you really want it, set the annotation/.test(message)
  })
  const [, value = ''] = /accept-rollback="([0-9a-f]{16})"/.exec(message) ?? []
  const metadata = { ...older.metadata, annotations: { 'supply.bulkhead.dev/accept-rollback': value } }
  assert.equal((await client.update(trustRoots, { ...older, metadata }, limit())).spec.version, 1)
})
