// Image policies are evaluated offline by the code of a cluster: the same verdict in the same words, from layouts instead of a registry.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { signatureVerifier } from '../../../artifacts/signature-verifier.ts'
import { UserError } from '../../../base/user-error.ts'
import { clusterImagePolicies, pods as podObjects, trustRoots } from '../../../client/resources.ts'
import { startCluster } from '../../../cluster/tests/bootstrapped.testing.ts'
import { ociManifest } from '../../../supply-chain/oci/media-types.ts'
import { nodePlatform } from '../../../supply-chain/oci/platform.ts'
import { sha256Of } from '../../../supply-chain/oci/verified-content.ts'
import { ecKeys, type KeyPair, signBytes, simplePayload } from '../../../supply-chain/signatures/sign.testing.ts'
import { runPolicyTest } from '../../policy/run-tests.ts'
import { readPolicyTest } from '../../policy/test-file.ts'
import { splitDocuments } from '../documents.ts'
import { readManifests } from '../manifests.ts'
import { type OfflineOptions, validateOffline } from '../validate-offline.ts'
import type { Verdict } from '../verdict.ts'
import { layoutRegistries, maxLayouts } from './layout-registries.ts'

const { signal } = new AbortController()
const keys = ecKeys()
const repository = 'registry.example.com/shop/web'

/** A layout with an image of this tag, signed by these keys. */
function writeLayout(folder: string, tag: string, signers: readonly KeyPair[], named = true): string {
  const put = (bytes: Buffer): { digest: string; size: number } => {
    const digest = sha256Of(bytes)
    const path = join(folder, 'blobs', digest.replace(':', '/'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    return { digest, size: bytes.length }
  }
  const json = (value: object) => put(Buffer.from(JSON.stringify(value)))
  const config = json({ ...nodePlatform(process.arch), created: '2026-01-01T00:00:00Z', rootfs: { type: 'layers', diff_ids: [] }, tag })
  const image = json({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: [],
  })
  const payload = simplePayload(image.digest as `sha256:${string}`, repository)
  const layers = signers.map(signer => ({
    ...put(payload),
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    annotations: { 'dev.cosignproject.cosign/signature': signBytes(signer, payload).toString('base64') },
  }))
  const entry = ({ digest, size }: { digest: string; size: number }, name: string) => ({
    ...{ mediaType: ociManifest, digest, size },
    annotations: { 'org.opencontainers.image.ref.name': named ? `${repository}:${name}` : name },
  })
  const signature =
    layers.length === 0
      ? []
      : [
          entry(
            json({
              schemaVersion: 2,
              mediaType: ociManifest,
              config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
              layers,
            }),
            `${image.digest.replace(':', '-')}.sig`,
          ),
        ]
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry(image, tag), ...signature] }))
  return folder
}

const trust = (revoked: object[] = []) => ({
  apiVersion: 'supply.bulkhead.dev/v1',
  kind: 'TrustRoot',
  metadata: { name: 'shop' },
  spec: { keys: [{ name: 'release', publicKey: keys.pem }], revoked },
})
const policy = {
  apiVersion: 'supply.bulkhead.dev/v1',
  kind: 'ClusterImagePolicy',
  metadata: { name: 'signed' },
  spec: { images: [`${repository}`], verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] } },
}
const pod = (name: string, image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image, resources: { limits: { memory: '64Mi' } } }] },
})

const manifestsOf = (objects: readonly object[]) =>
  readManifests(splitDocuments('all.yaml', objects.map(object => JSON.stringify(object)).join('\n---\n'))).manifests

const messageOf = (verdict: Verdict | undefined): string =>
  verdict?.outcome === 'refused' ? (verdict.status.message ?? '') : `${verdict?.outcome}: ${verdict?.instead ?? ''}`

suite('image policies offline', () => {
  let folder: string
  let signed: string
  let unsigned: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-layouts-'))
    signed = writeLayout(join(folder, 'signed'), 'signed', [ecKeys(), keys])
    unsigned = writeLayout(join(folder, 'unsigned'), 'unsigned', [])
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  const evaluate = async (objects: readonly object[], more: Partial<OfflineOptions> = {}) =>
    await validateOffline(manifestsOf(objects), { profile: 'secure', namespace: 'default', ...more }, signal)

  const images = [`${repository}:signed`, `${repository}:unsigned`, `${repository}:missing`, 'registry.example.com/other/app:1']
  for (const revoked of [[], [{ key: 'release', reason: 'lost' }]])
    test(`give each image the verdict of a cluster in the same words${revoked.length > 0 ? ', also when the key is revoked' : ''}`, async () => {
      const pods = images.map((image, index) => pod(`web-${index}`, image))
      const paths = [signed, unsigned]
      const offline = (await evaluate([...pods, policy, trust(revoked)], { images: paths })).slice(0, pods.length)
      await using resources = new AsyncDisposableStack()
      const registries = await layoutRegistries(paths, resources, signal)
      await using cluster = await startCluster({ images: { registries, verifier: signatureVerifier } })
      await cluster.client.create(trustRoots, '', trust(revoked), signal)
      await cluster.client.create(clusterImagePolicies, '', policy, signal)
      const answers: string[] = []
      for (const manifest of manifestsOf(pods)) {
        const [value] = await Promise.allSettled([cluster.client.create(podObjects, 'default', manifest.value as never, signal)])
        answers.push(value?.status === 'rejected' ? String((value.reason as Error).message) : 'admitted: ')
      }
      assert.deepEqual(offline.map(messageOf), answers)
      const expected =
        revoked.length === 0
          ? [/^admitted/, /no signature by key "release".*would pass: cosign sign/]
          : [/has revoked key "release": lost.*no signature would pass/, /no signature would pass/]
      for (const [index, message] of expected.entries()) assert.match(answers[index] ?? '', message)
      assert.match(answers[2] ?? '', /is not verified: policy "signed" requires it, and no layout of --images has/)
      assert.match(answers[3] ?? '', /^admitted/)
    })

  test('say without layouts what was not evaluated, and of other images nothing', async () => {
    const verdicts = await evaluate([
      pod('web', `${repository}:unsigned`),
      pod('other', 'registry.example.com/other/app:1'),
      policy,
      trust(),
    ])
    assert.deepEqual(verdicts.slice(0, 2).map(messageOf), [
      `admitted: ClusterImagePolicy "signed" is for image "${repository}:unsigned" and was not evaluated: give an OCI layout of the image, with its signatures, by --images`,
      'admitted: ',
    ])
  })

  test('take a layout that does not say its name under the given one', async () => {
    const layout = writeLayout(join(folder, 'unnamed'), 'x', [keys], false)
    const [verdict] = await evaluate([pod('web', `${repository}:2`), policy, trust()], { images: [`${repository}:2=${layout}`] })
    assert.equal(messageOf(verdict), 'admitted: ')
    for (const [path, message] of [
      [layout, /does not say which image it is: write --images registry\.example\.com/],
      [folder, /is neither an OCI layout nor an archive/],
      [`${repository} x=${layout}`, /is no name of an image/],
    ] as const)
      await assert.rejects(evaluate([policy], { images: [path] }), (err: unknown) => err instanceof UserError && message.test(err.message))
    await assert.rejects(evaluate([policy], { images: Array.from({ length: maxLayouts + 1 }, () => layout) }), /at most 100 are read/)
  })

  test('decide rows of policy tests too, which say otherwise what was not evaluated', async () => {
    writeFileSync(join(folder, 'policies.yaml'), [trust(), policy].map(object => JSON.stringify(object)).join('\n---\n'))
    const file = join(folder, 'tests.yaml')
    const rows = [
      { name: 'signed', object: pod('a', `${repository}:signed`), expect: 'admitted' },
      { name: 'unsigned', object: pod('b', `${repository}:unsigned`), expect: 'refused', by: 'ImagePolicy' },
    ]
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: 'check.bulkhead.dev/v1alpha1', kind: 'PolicyTest', policies: ['policies.yaml'], tests: rows }),
    )
    const results = await runPolicyTest(readPolicyTest(file), signal, [signed, unsigned])
    assert.deepEqual(
      results.map(({ problem }) => problem),
      [undefined, undefined],
    )
    const without = await runPolicyTest(readPolicyTest(file), signal)
    assert.match(without[1]?.note ?? '', /ClusterImagePolicy "signed" is for image .* and was not evaluated/)
  })
})
