import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { maxJsonDepth, parseBoundedJson } from './bounded-json.ts'
import type { Descriptor, ImageSource } from './image-source.ts'
import { maxIndexEntries, maxLayers, maxManifestBytes, parseManifest } from './manifest.ts'
import { ociIndex, ociManifest } from './media-types.ts'
import { parsePlatformText, platformText, selectManifest } from './platform.ts'
import { readableImage, resolveImage } from './resolve-image.ts'
import { readVerified, sha256Of } from './verified-content.ts'

const digest = `sha256:${'a1'.repeat(32)}` as const
const descriptor = (more: object = {}) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 1, ...more })
const manifest = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: ociManifest,
  config: descriptor(),
  layers: [descriptor()],
  ...more,
})
const isUserError = (want: RegExp) => (err: unknown) => err instanceof UserError && want.test(err.message)
const parse = (value: unknown, type: string | undefined = ociManifest) => parseManifest(Buffer.from(JSON.stringify(value)), type, 'x')

test('parseManifest() parses manifests and indexes of OCI and Docker', () => {
  const parsed = parse(manifest({ annotations: { a: 'b' }, subject: descriptor(), artifactType: 't' }))
  assert.deepEqual(parsed, {
    kind: 'manifest',
    mediaType: ociManifest,
    artifactType: 't',
    config: descriptor(),
    layers: [descriptor()],
    subject: descriptor(),
    annotations: { a: 'b' },
  })
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json'
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' }
  assert.deepEqual(parse({ schemaVersion: 2, manifests: [descriptor({ platform })] }, list), {
    kind: 'index',
    mediaType: list,
    manifests: [descriptor({ platform })],
    annotations: {},
  })
})

const bad: [string, unknown, string | undefined, RegExp][] = [
  ['schema 1', { schemaVersion: 1 }, undefined, /schema version 1.*push it again/],
  ['schema 1 by its type', { schemaVersion: 2 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws', /schema version 1/],
  ['another schema', { schemaVersion: 3 }, ociManifest, /schemaVersion must be 2/],
  ['a list', [], ociManifest, /must be a JSON object/],
  ['an index read as a manifest', { schemaVersion: 2, mediaType: ociIndex, manifests: [] }, ociManifest, /but its descriptor says/],
  ['both an index and a manifest', manifest({ manifests: [] }), ociManifest, /is both an index .* and a manifest/],
  ['an unknown type', manifest({ mediaType: 'text/plain' }), 'text/plain', /mediaType must be a manifest or an index/],
  ['no config', manifest({ config: undefined }), ociManifest, /config must be a descriptor/],
  [
    'a malformed digest',
    manifest({ layers: [descriptor({ digest: 'sha256:../../etc/passwd' })] }),
    ociManifest,
    /layers\[0\].digest must be/,
  ],
  ['a size that is none', manifest({ layers: [descriptor({ size: -1 })] }), ociManifest, /layers\[0\].size must be a number of bytes/],
  ['a size of text', manifest({ layers: [descriptor({ size: '1' })] }), ociManifest, /size must be/],
  ['too many layers', manifest({ layers: Array.from({ length: maxLayers + 1 }, () => descriptor()) }), ociManifest, /at most 512/],
  ['annotations of numbers', manifest({ annotations: { a: 1 } }), ociManifest, /annotations\["a"\] must be text/],
]
for (const [name, value, type, want] of bad) {
  test(`parseManifest() refuses ${name}`, () => {
    assert.throws(() => parse(value, type), isUserError(want))
  })
}

test('parseManifest() refuses too many manifests and bytes', () => {
  const small = { mediaType: 'a', digest, size: 1 }
  const many = { schemaVersion: 2, manifests: Array.from({ length: maxIndexEntries + 1 }, () => small) }
  assert.throws(() => parse(many, ociIndex), isUserError(/at most 10000 descriptors/))
  assert.throws(() => parseManifest(Buffer.alloc(maxManifestBytes + 1, ' '), ociManifest, 'x'), isUserError(/at most 4194304 are read/))
})

test('parseManifest() keeps names that are in every object', () => {
  const parsed = parseManifest(Buffer.from(JSON.stringify(manifest()).replace('{', '{"annotations":{"__proto__":"x"},')), ociManifest, 'x')
  assert.deepEqual(Object.entries(parsed.annotations), [['__proto__', 'x']])
  assert.equal(Object.getPrototypeOf(parsed.annotations), Object.prototype)
})

test('parseBoundedJson() bounds depth, bytes and encoding', () => {
  const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  assert.doesNotThrow(() => parseBoundedJson(nested(maxJsonDepth), 1000, 'x'))
  assert.throws(() => parseBoundedJson(nested(maxJsonDepth + 1), 1000, 'x'), isUserError(/nested deeper than 100/))
  assert.equal(parseBoundedJson(Buffer.from(JSON.stringify('['.repeat(200))), 1000, 'x'), '['.repeat(200))
  assert.throws(() => parseBoundedJson(Buffer.from('"\\"[['), 1000, 'x'), isUserError(/not JSON/))
  assert.throws(() => parseBoundedJson(Buffer.from([0x22, 0xff, 0x22]), 1000, 'x'), isUserError(/not UTF-8/))
  assert.throws(() => parseBoundedJson(Buffer.from('1234'), 3, 'x'), isUserError(/4 bytes, at most 3/))
})

test('selectManifest() takes the variant, then what names none, and no attestation', () => {
  const of = (os: string, architecture: string, variant?: string): Descriptor => ({
    ...descriptor(),
    digest: sha256Of(Buffer.from(`${os}${architecture}${variant}`)),
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  })
  const all = [
    of('unknown', 'unknown'),
    of('linux', 'arm', 'v6'),
    of('linux', 'arm', 'v7'),
    of('linux', 'arm64', 'v8'),
    of('linux', 'amd64'),
  ]
  const chosen = (text: string) => {
    const platform = parsePlatformText(text)
    const found = platform === undefined ? undefined : selectManifest(all, platform)?.platform
    return found === undefined ? undefined : platformText(found)
  }
  assert.equal(chosen('linux/amd64'), 'linux/amd64')
  assert.equal(chosen('linux/arm'), 'linux/arm/v7')
  assert.equal(chosen('linux/arm/v6'), 'linux/arm/v6')
  assert.equal(chosen('linux/arm64'), 'linux/arm64/v8')
  assert.equal(chosen('linux/arm/v5'), undefined)
  assert.equal(chosen('windows/amd64'), undefined)
  for (const text of ['', 'linux', 'linux/', 'a/b/c/d', 'linux/amd64\n', '../x']) assert.equal(parsePlatformText(text), undefined, text)
})

const { signal } = new AbortController()
const amd64 = { os: 'linux', architecture: 'amd64' }

/** Serves documents by their digest, and the last as `latest`. */
function sourceOf(documents: readonly { value: unknown; mediaType: string }[]): ImageSource {
  const all = documents.map(({ value, mediaType }) => {
    const bytes = Buffer.from(JSON.stringify(value))
    return { bytes, descriptor: { mediaType, digest: sha256Of(bytes), size: bytes.length } }
  })
  return {
    manifest: async name => (name === 'latest' ? all.at(-1) : all.find(each => each.descriptor.digest === name)),
    async *blob(wanted) {
      yield all.find(each => each.descriptor.digest === wanted.digest)?.bytes ?? Buffer.alloc(0)
    },
    referrers: async () => [],
  }
}
const described = (value: unknown, mediaType: string, more: object = {}) => {
  const bytes = Buffer.from(JSON.stringify(value))
  return { mediaType, digest: sha256Of(bytes), size: bytes.length, ...more }
}

test('resolveImage() follows an index to the platform, and says for which platforms there is one', async () => {
  const index = { schemaVersion: 2, manifests: [described(manifest(), ociManifest, { platform: amd64 })] }
  const source = sourceOf([
    { value: manifest(), mediaType: ociManifest },
    { value: index, mediaType: ociIndex },
  ])
  const found = await resolveImage(source, 'latest', amd64, 'a', signal)
  assert.equal(found.descriptor.digest, described(manifest(), ociManifest).digest)
  assert.equal(found.index?.digest, described(index, ociIndex).digest)
  await assert.rejects(
    resolveImage(source, 'latest', { os: 'linux', architecture: 's390x' }, 'a', signal),
    isUserError(/"a" is not for platform linux\/s390x: it is for linux\/amd64/),
  )
  await assert.rejects(resolveImage(source, 'other', amd64, 'a', signal), isUserError(/"other" is not there/))
})

test('resolveImage() refuses indexes that are nested too deeply', async () => {
  const documents: { value: unknown; mediaType: string }[] = [{ value: manifest(), mediaType: ociManifest }]
  for (let depth = 0; depth < 5; depth++) {
    const last = documents.at(-1)
    documents.push({ value: { schemaVersion: 2, manifests: [described(last?.value, last?.mediaType ?? '')] }, mediaType: ociIndex })
  }
  await assert.rejects(resolveImage(sourceOf(documents), 'latest', amd64, 'a', signal), isUserError(/nested deeper than 3 levels/))
})

test('readableImage() refuses artifacts, unknown layers, and a configuration of other layers', async () => {
  const config = { os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [] } }
  const type = 'application/vnd.oci.image.config.v1+json'
  const attempt = async (value: object) => {
    const source = sourceOf([
      { value: config, mediaType: type },
      { value, mediaType: ociManifest },
    ])
    return await readableImage(source, await resolveImage(source, 'latest', amd64, 'a', signal), 'a', signal)
  }
  const good = manifest({ config: described(config, type), layers: [] })
  assert.deepEqual((await attempt(good)).layers, [])
  await assert.rejects(attempt({ ...good, layers: [descriptor()] }), isUserError(/has 1 layers, but its configuration names 0/))
  await assert.rejects(attempt({ ...good, layers: [descriptor({ mediaType: 'x/y' })] }), isUserError(/has the unknown type "x\/y"/))
  await assert.rejects(
    attempt({ ...good, config: described(config, 'application/vnd.cncf.helm.config.v1+json') }),
    isUserError(/is no image but an artifact/),
  )
})

test('readVerified() refuses other content, and more than it may read', async () => {
  async function* content(text: string) {
    for (const char of text) yield Buffer.from(char)
  }
  const of = { mediaType: '', digest: sha256Of(Buffer.from('abc')), size: 3 }
  assert.equal((await readVerified(of, content('abc'), 3)).toString(), 'abc')
  await assert.rejects(readVerified(of, content('abd'), 3), isUserError(/is other content/))
  await assert.rejects(readVerified(of, content('abcd'), 3), isUserError(/is longer than the 3 bytes/))
  await assert.rejects(readVerified(of, content('ab'), 3), isUserError(/is other content|has 2 bytes/))
  await assert.rejects(readVerified(of, content('abc'), 2), isUserError(/at most 2 are read/))
})
