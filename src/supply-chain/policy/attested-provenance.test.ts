import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { maxProvenance } from '../../api/resources/supply/image.ts'
import { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import { collectClaims } from '../signatures/collect-claims.ts'
import { attestationLayer, ecKeys, type KeyPair, tagOf } from '../signatures/sign.testing.ts'
import { parseTrustRoot } from '../signatures/trust-root.ts'
import { attestedProvenance } from './attested-provenance.ts'
import { parseImagePolicy } from './parse-image-policy.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const { signal } = new AbortController()
const [release, stranger] = [ecKeys(), ecKeys()]
const roots = new Map([['team', parseTrustRoot('team', { keys: [{ name: 'release', publicKey: release.pem }] })]])
const verify = { anyOf: [{ key: { trustRoot: 'team', name: 'release' } }] }
const policies = [parseImagePolicy('signed', undefined, { images: ['**'], verify })]
const [first, second] = ['https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v0.2']

async function attested(all: readonly (readonly [by: KeyPair, type: string, predicate: unknown])[]) {
  const source = new MemoryImageSource()
  const { digest } = source.putManifest([])
  source.putManifest(
    all.map(([by, type, predicate]) => attestationLayer(source, digest, by, type, predicate)),
    tagOf(digest, 'att'),
  )
  return { digest, claims: await collectClaims(source, digest, signal) }
}

const digestOf = (predicate: unknown): string => `sha256:${createHash('sha256').update(JSON.stringify(predicate)).digest('hex')}`

test('attestedProvenance() says who built an image from which commit, in SLSA 1.0 and 0.2', async () => {
  const one = {
    buildDefinition: {
      buildType: 'https://build.example/v1',
      resolvedDependencies: [
        { name: 'image', digest: { sha256: 'abc' } },
        { uri: 'git+https://git.example/shop', digest: { gitCommit: 'c0ffee' } },
      ],
    },
    runDetails: { builder: { id: 'https://builder.example' } },
  }
  const two = {
    ...{ builder: { id: 'https://old.example' }, buildType: 'https://build.example/v0' },
    invocation: { configSource: { uri: 'git+https://git.example/old', digest: { sha1: 'beef' } } },
  }
  const facts = await attested([
    [release, second, two],
    [release, first, one],
    [stranger, first, { builder: { id: 'https://stranger.example' } }],
    [release, 'https://spdx.dev/Document', {}],
  ])
  assert.deepEqual(attestedProvenance(policies, facts, roots, now), [
    {
      ...{ predicateType: first, digest: digestOf(one), builder: 'https://builder.example', buildType: 'https://build.example/v1' },
      ...{ source: 'git+https://git.example/shop', revision: 'c0ffee' },
    },
    {
      ...{ predicateType: second, digest: digestOf(two), builder: 'https://old.example', buildType: 'https://build.example/v0' },
      ...{ source: 'git+https://git.example/old', revision: 'beef' },
    },
  ])
  assert.deepEqual(attestedProvenance([], facts, roots, now), [])
})

test('attestedProvenance() takes hostile predicates, and not more than its limit', async () => {
  const hostile = [null, 5, [], { buildDefinition: { resolvedDependencies: [null, { digest: { gitCommit: {} } }] }, runDetails: [] }]
  const found = attestedProvenance(policies, await attested(hostile.map(each => [release, first, each] as const)), roots, now)
  assert.ok(found.length > 0 && found.every(each => each.builder === undefined && each.revision === undefined))
  const long = await attested([[release, first, { runDetails: { builder: { id: 'x'.repeat(5000) } } }]])
  assert.equal(attestedProvenance(policies, long, roots, now)[0]?.builder?.length, 1024)
  const many = await attested(Array.from({ length: maxProvenance + 1 }, (_, at) => [release, first, { at }] as const))
  assert.equal(attestedProvenance(policies, many, roots, now).length, maxProvenance)
})
