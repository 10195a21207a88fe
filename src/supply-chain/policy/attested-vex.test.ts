import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import { collectClaims } from '../signatures/collect-claims.ts'
import { attestationLayer, ecKeys, type KeyPair, tagOf } from '../signatures/sign.testing.ts'
import { parseTrustRoot } from '../signatures/trust-root.ts'
import { attestedVex, maxVexDocuments } from './attested-vex.ts'
import { parseImagePolicy } from './parse-image-policy.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const { signal } = new AbortController()
const [release, stranger] = [ecKeys(), ecKeys()]
const roots = new Map([['team', parseTrustRoot('team', { keys: [{ name: 'release', publicKey: release.pem }] })]])
const verify = { anyOf: [{ key: { trustRoot: 'team', name: 'release' } }] }
const policies = [parseImagePolicy('signed', undefined, { images: ['**'], verify })]
const openvex = 'https://openvex.dev/ns/v0.2.0'
const cyclonedx = 'https://cyclonedx.org/bom'
const document = (id: string) => ({ '@context': openvex, '@id': id, statements: [] })

async function attested(all: readonly (readonly [by: KeyPair, type: string, predicate: unknown])[]) {
  const source = new MemoryImageSource()
  const { digest } = source.putManifest([])
  source.putManifest(
    all.map(([by, type, predicate]) => attestationLayer(source, digest, by, type, predicate)),
    tagOf(digest, 'att'),
  )
  return { digest, claims: await collectClaims(source, digest, signal) }
}

test('attestedVex() returns what a required signer attested as VEX, and of bills of materials those with statements', async () => {
  const bill = { bomFormat: 'CycloneDX', vulnerabilities: [{ id: 'CVE-2026-0001' }] }
  const facts = await attested([
    [release, openvex, document('one')],
    [release, 'https://openvex.dev/ns', document('two')],
    [release, cyclonedx, bill],
    [release, cyclonedx, { bomFormat: 'CycloneDX', components: [] }],
    [release, 'https://slsa.dev/provenance/v1', document('another type')],
    [release, 'https://openvex.dev/nsx', document('another name')],
    [stranger, openvex, document('a stranger')],
  ])
  assert.deepEqual(attestedVex(policies, facts, roots, now), [document('one'), document('two'), bill])
  assert.deepEqual(attestedVex([], facts, roots, now), [])
  assert.deepEqual(attestedVex(policies, facts, new Map(), now), [])
})

test('attestedVex() returns nothing that is about another image, and nothing beyond its limit, which could be the withdrawal', async () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => [release, openvex, document(String(at))] as const)
  const facts = await attested(many(maxVexDocuments))
  assert.equal(attestedVex(policies, facts, roots, now).length, maxVexDocuments)
  assert.deepEqual(attestedVex(policies, { ...facts, digest: `sha256:${'0'.repeat(64)}` }, roots, now), [])
  assert.deepEqual(attestedVex(policies, await attested(many(maxVexDocuments + 1)), roots, now), [])
})

test('attestedVex() returns the newest version of a document, however many there are before it', async () => {
  const version = (at: number) => ({ ...document('one'), version: at })
  const facts = await attested(Array.from({ length: maxVexDocuments + 5 }, (_, at) => [release, openvex, version(at)] as const))
  assert.deepEqual(attestedVex(policies, facts, roots, now), [version(maxVexDocuments + 4)])
})
