import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '../oci/digest.ts'
import type { Descriptor, ImageSource } from '../oci/image-source.ts'
import { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import { RegistryUnavailable, RegistryUntrustworthy } from '../oci/registry/registry-error.ts'
import { collectClaims, maxAllClaimBytes, maxClaimBytes, maxClaims } from './collect-claims.ts'
import { envelopeMediaType, simpleSigningMediaType } from './parse-cosign.ts'
import { attestationLayer, bundleType, ecKeys, putBundle, signatureLayer, tagOf } from './sign.testing.ts'

const { signal } = new AbortController()
const keys = ecKeys()

function image(): { readonly source: MemoryImageSource; readonly digest: Digest } {
  const source = new MemoryImageSource()
  return { source, digest: source.putManifest([]).digest }
}

test('collectClaims() finds none with an image that has none', async () => {
  const { source, digest } = image()
  assert.deepEqual(await collectClaims(source, digest, signal), { digest, readable: [], unreadable: [] })
})

test('collectClaims() ignores signatures of Notation', async () => {
  const { source, digest } = image()
  source.putReferrer(digest, [source.putBlob(Buffer.from('{}'), 'application/jose+json')], {
    artifactType: 'application/vnd.cncf.notary.signature',
  })
  assert.deepEqual(await collectClaims(source, digest, signal), { digest, readable: [], unreadable: [] })
})

test('collectClaims() reads signatures and attestations of cosign 2 and bundles', async () => {
  const { source, digest } = image()
  source.putManifest([signatureLayer(source, digest, keys)], tagOf(digest, 'sig'))
  source.putManifest([attestationLayer(source, digest, keys, 'https://slsa.dev/provenance/v1', { a: 1 })], tagOf(digest, 'att'))
  putBundle(source, digest, keys)
  putBundle(source, digest, keys, 'https://spdx.dev/Document', { spdxVersion: 'SPDX-2.3' })
  const { readable, unreadable } = await collectClaims(source, digest, signal)
  assert.deepEqual(unreadable, [])
  const shown = readable.map(({ source: { kind }, statement }) => [kind, statement.kind === 'signature' ? '' : statement.predicateType])
  assert.deepEqual(shown, [
    ['signature', ''],
    ['attestation', 'https://slsa.dev/provenance/v1'],
    ['bundle', ''],
    ['bundle', 'https://spdx.dev/Document'],
  ])
  for (const { statement } of readable) assert.deepEqual(statement.digests, [digest])
})

test('collectClaims() finds a bundle whose type the registry does not know, by its annotation or by its layers', async () => {
  const { source, digest } = image()
  const layer = source.putBlob(Buffer.from('{}'), bundleType)
  const annotations = { 'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1' }
  source.putReferrer(digest, [layer], { artifactType: 'application/vnd.example.unknown', annotations })
  source.putReferrer(digest, [source.putBlob(Buffer.from('{"a":1}'), bundleType)], { artifactType: 'application/vnd.oci.empty.v1+json' })
  source.putReferrer(digest, [source.putBlob(Buffer.from('{}'), 'text/plain')], { artifactType: 'application/vnd.oci.empty.v1+json' })
  source.putReferrer(digest, [source.putBlob(Buffer.from('{"b":1}'), bundleType)], { artifactType: 'application/vnd.example.sbom' })
  const { unreadable } = await collectClaims(source, digest, signal)
  assert.equal(unreadable.length, 2)
  for (const { problem } of unreadable) assert.match(problem, /no sigstore bundle/)
})

test('collectClaims() hides no readable claim behind unreadable ones, and says what is wrong with these', async () => {
  const { source, digest } = image()
  const payload = (text: string): Descriptor =>
    source.putBlob(Buffer.from(text), simpleSigningMediaType, { 'dev.cosignproject.cosign/signature': 'AAAA' })
  const layers = [
    payload('no JSON'),
    payload('{}'),
    payload('[]'),
    payload('{"critical":{"type":"another"}}'),
    payload('{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"sha256:1"}}}'),
    payload(`{"critical":${'['.repeat(200)}${']'.repeat(200)}}`),
    source.putBlob(Buffer.from('{"a":1}'), simpleSigningMediaType),
    source.putBlob(Buffer.from('{"b":1}'), simpleSigningMediaType, { 'dev.cosignproject.cosign/signature': 'not base64!' }),
    signatureLayer(source, digest, keys),
  ]
  source.putManifest(layers, tagOf(digest, 'sig'))
  source.putManifest(
    [source.putBlob(Buffer.from('{"payloadType":"x","payload":"","signatures":[]}'), envelopeMediaType)],
    tagOf(digest, 'att'),
  )
  const { readable, unreadable } = await collectClaims(source, digest, signal)
  assert.equal(readable.length, 1)
  const expected = [
    /the payload is not JSON/,
    /no object "critical"/,
    /not a JSON object/,
    /critical\.type must be/,
    /must be a digest/,
    /nested deeper than 100/,
    /no annotation "dev\.cosignproject\.cosign\/signature"/,
    /is not base64/,
    /it is no sigstore bundle/,
  ]
  assert.equal(unreadable.length, expected.length)
  for (const [index, pattern] of expected.entries()) assert.match(unreadable[index]?.problem ?? '', pattern)
})

test('collectClaims() reads a payload that several signatures share once', async () => {
  const { source, digest } = image()
  const layers = Array.from({ length: 20 }, () => signatureLayer(source, digest, ecKeys()))
  source.putManifest(layers, tagOf(digest, 'sig'))
  assert.equal((await collectClaims(source, digest, signal)).readable.length, 20)
  assert.equal(source.reads.get(layers[0]?.digest ?? digest), 1)
})

test('collectClaims() hides no readable claim behind content or manifests that the source does not hand out', async () => {
  const { source, digest } = image()
  const missing = { mediaType: simpleSigningMediaType, digest: `sha256:${'0'.repeat(64)}` as const, size: 2 }
  source.putManifest([missing, signatureLayer(source, digest, keys)], tagOf(digest, 'sig'))
  const lying: ImageSource = {
    manifest: async name => {
      if (name.endsWith('.att')) throw new RegistryUntrustworthy('it has other content')
      return await source.manifest(name)
    },
    blob: layer => (layer.digest === missing.digest ? failing(new RegistryUntrustworthy('the blob is not there')) : source.blob(layer)),
    referrers: async () => [],
  }
  const { readable, unreadable } = await collectClaims(lying, digest, signal)
  assert.equal(readable.length, 1)
  assert.deepEqual(
    unreadable.map(({ problem }) => problem),
    ['it has other content', 'the blob is not there'],
  )
  const gone: ImageSource = { ...lying, blob: () => failing(new RegistryUnavailable('gone')) }
  await assert.rejects(collectClaims(gone, digest, signal), { message: 'gone' })
})

// biome-ignore lint/correctness/useYield: it fails before
async function* failing(err: Error): AsyncGenerator<Uint8Array> {
  throw err
}

test('collectClaims() refuses 10,000 signatures, by tag and by referrer, without reading one', async () => {
  const { source, digest } = image()
  const layer = signatureLayer(source, digest, keys)
  source.putManifest(
    Array.from({ length: 10_000 }, () => layer),
    tagOf(digest, 'sig'),
  )
  await assert.rejects(collectClaims(source, digest, signal), {
    message: `Image ${digest} has 10000 signatures and attestations, at most ${maxClaims} are read`,
  })
  assert.equal(source.reads.size, 0)
  const listed = putBundle(new MemoryImageSource(), digest, keys)
  const many: ImageSource = { ...none, referrers: async () => Array.from({ length: maxClaims + 1 }, () => listed) }
  await assert.rejects(collectClaims(many, digest, signal), /has 257 signatures/)
  const most: ImageSource = { ...none, referrers: async () => Array.from({ length: maxClaims }, () => listed) }
  const { unreadable } = await collectClaims(most, digest, signal)
  assert.equal(unreadable.length, maxClaims)
})

test('collectClaims() refuses contents that are too large before it reads them', async () => {
  const sized = (...sizes: readonly number[]): ImageSource => {
    const layers = sizes.map((size, index) => ({ mediaType: envelopeMediaType, digest: `sha256:${String(index).padStart(64, '0')}`, size }))
    const { digest, size } = image().source.putManifest([])
    const bytes = Buffer.from(JSON.stringify({ layers }))
    return { ...none, manifest: async tag => (tag.endsWith('.att') ? { descriptor: { mediaType: '', digest, size }, bytes } : undefined) }
  }
  const { digest } = image()
  await assert.rejects(collectClaims(sized(maxClaimBytes + 1), digest, signal), /has 16777217 bytes, at most 16777216/)
  const many = Array.from({ length: 5 }, () => maxClaimBytes)
  await assert.rejects(collectClaims(sized(...many), digest, signal), new RegExp(`at most ${maxAllClaimBytes}`))
})

const none: ImageSource = {
  manifest: async () => undefined,
  blob: () => assert.fail('nothing must be read'),
  referrers: async () => [],
}
