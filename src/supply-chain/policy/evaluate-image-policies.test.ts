import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../advisories/finding.ts'
import { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import { collectClaims } from '../signatures/collect-claims.ts'
import { attestationLayer, ecKeys, edKeys, type KeyPair, putBundle, signatureLayer, tagOf } from '../signatures/sign.testing.ts'
import { parseTrustRoot } from '../signatures/trust-root.ts'
import { evaluateImagePolicies, type ImageDecision, type ImageFacts, policiesFor } from './evaluate-image-policies.ts'
import { parseImagePolicy } from './parse-image-policy.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const { signal } = new AbortController()
const [release, security, stranger] = [ecKeys(), edKeys(), ecKeys()]
const repository = 'registry.example.com/shop/web'
const slsa = 'https://slsa.dev/provenance/v1'

const trustSpec = {
  keys: [
    { name: 'release', publicKey: release.pem },
    { name: 'security', publicKey: security.pem },
  ],
}
const roots = (spec: object = trustSpec) => new Map([['team', parseTrustRoot('team', spec)]])

const byRelease = { key: { trustRoot: 'team', name: 'release' } }
const bySecurity = { key: { trustRoot: 'team', name: 'security' } }
const policy = (spec: object) => parseImagePolicy('signed', undefined, { images: ['**'], ...spec })

/** Signed by each of these keys, in both formats in turn. */
async function image(signers: readonly KeyPair[], predicates: readonly (readonly [KeyPair, unknown])[] = []): Promise<ImageFacts> {
  const source = new MemoryImageSource()
  const { digest } = source.putManifest([])
  source.putManifest(
    signers.filter((_, index) => index % 2 === 0).map(keys => signatureLayer(source, digest, keys)),
    tagOf(digest, 'sig'),
  )
  for (const keys of signers.filter((_, index) => index % 2 === 1)) putBundle(source, digest, keys)
  source.putManifest(
    predicates.map(([keys, predicate]) => attestationLayer(source, digest, keys, slsa, predicate)),
    tagOf(digest, 'att'),
  )
  return { repository, digest, claims: await collectClaims(source, digest, signal) }
}

const messageOf = (decision: ImageDecision): string => (decision.allowed ? '' : decision.message)
const problemOf = (facts: ImageFacts, verify: object, trust = roots()): string =>
  messageOf(evaluateImagePolicies([policy({ verify })], facts, trust, now))

test('evaluateImagePolicies() allows what no policy is for, and names no signer', async () => {
  const facts = await image([release])
  assert.deepEqual(evaluateImagePolicies([], facts, roots(), now), { allowed: true, outcomes: [], warnings: [] })
})

test('evaluateImagePolicies() names the signer of each policy that is met', async () => {
  const decision = evaluateImagePolicies([policy({ verify: { allOf: [byRelease] } })], await image([release]), roots(), now)
  const signers = [{ kind: 'key', trustRoot: 'team', key: 'release' }]
  assert.deepEqual(decision, { allowed: true, outcomes: [{ policy: 'ClusterImagePolicy "signed"', signers, problems: [] }], warnings: [] })
})

test('evaluateImagePolicies() says which identity is missing, why the others do not count, and what would pass', async () => {
  const facts = await image([stranger, stranger])
  assert.equal(
    problemOf(facts, { anyOf: [byRelease] }),
    `ClusterImagePolicy "signed" refuses image ${repository}@${facts.digest}: it has no signature by key "release" of trust root "team" ` +
      '(found, but it is not signed with key "release", 2 times); would pass: cosign sign with key "release"',
  )
  assert.match(problemOf(await image([]), { anyOf: [byRelease] }), /\(none found\); would pass/)
  const missing = { key: { trustRoot: 'none', name: 'release' } }
  assert.match(problemOf(facts, { anyOf: [missing] }), /there is no trust root "none", 2 times/)
  assert.match(problemOf(facts, { anyOf: [{ key: { trustRoot: 'team', name: 'other' } }] }), /trust root "team" has no key "other"/)
  assert.match(
    problemOf({ ...facts, claims: 'the registry is gone' }, { anyOf: [byRelease] }),
    /its signatures cannot be read: the registry is gone/,
  )
})

test('evaluateImagePolicies() finds one good signature among many bad ones', async () => {
  const facts = await image([...Array.from({ length: 100 }, () => stranger), release])
  assert.equal(problemOf(facts, { anyOf: [byRelease] }), '')
})

test('evaluateImagePolicies() takes one of anyOf, and each of allOf', async () => {
  const [both, one] = [await image([release, security]), await image([release])]
  assert.equal(problemOf(both, { allOf: [byRelease, bySecurity] }), '')
  assert.match(problemOf(one, { allOf: [byRelease, bySecurity] }), /no signature by key "security"/)
  assert.equal(problemOf(one, { anyOf: [bySecurity, byRelease] }), '')
  assert.match(
    problemOf(await image([stranger]), { anyOf: [bySecurity, byRelease] }),
    /one of these must hold: .*"security".*, or .*"release"/,
  )
})

test('evaluateImagePolicies() refuses a signature of another image', async () => {
  const [signed, other] = [await image([release]), await image([stranger], [[stranger, {}]])]
  const moved = { ...signed, digest: other.digest.replace(/.$/, last => (last === '0' ? '1' : '0')) as typeof other.digest }
  assert.match(problemOf(moved, { anyOf: [byRelease] }), /it is about another image/)
})

test('evaluateImagePolicies() requires that all policies are met, of the cluster and of the namespace', async () => {
  const cluster = policy({ verify: { anyOf: [byRelease] } })
  const shop = parseImagePolicy('more', 'shop', { images: ['registry.example.com/**'], verify: { anyOf: [bySecurity] } })
  const elsewhere = parseImagePolicy('more', 'shop', { images: ['docker.io/**'], verify: { anyOf: [bySecurity] } })
  const all = [cluster, shop, elsewhere]
  assert.deepEqual(policiesFor(all, repository, 'shop'), [cluster, shop])
  assert.deepEqual(policiesFor(all, repository, 'other'), [cluster])
  const facts = await image([release])
  assert.equal(evaluateImagePolicies(policiesFor(all, repository, 'other'), facts, roots(), now).allowed, true)
  assert.match(
    messageOf(evaluateImagePolicies(policiesFor(all, repository, 'shop'), facts, roots(), now)),
    /^ImagePolicy "shop\/more" refuses/,
  )
})

test('evaluateImagePolicies() warns where the policy says so', async () => {
  const decision = evaluateImagePolicies([policy({ verify: { anyOf: [byRelease] }, onFailure: 'Warn' })], await image([]), roots(), now)
  assert.equal(decision.allowed, true)
  assert.match(decision.warnings[0] ?? '', /has no signature by key "release"/)
})

test('evaluateImagePolicies() requires an attestation of the signer whose conditions are true', async () => {
  const builder = { buildDefinition: { buildType: 'https://example.com/build' }, runDetails: { builder: { id: 'https://ci.example.com' } } }
  const conditions = [
    { expression: 'predicate.runDetails.builder.id == "https://ci.example.com"', message: 'it must be built by our CI' },
    { expression: 'image.repository.startsWith("registry.example.com/") && size(subject) == 1' },
  ]
  const attested = (more: object = {}) => ({ anyOf: [{ ...byRelease, attestations: [{ predicateType: slsa, conditions, ...more }] }] })
  const good = await image(
    [release],
    [
      [release, { runDetails: { builder: { id: 'https://evil' } } }],
      [release, builder],
    ],
  )
  assert.equal(problemOf(good, attested()), '')
  assert.match(
    problemOf(await image([release]), attested()),
    /no attestation "https:\/\/slsa\.dev\/provenance\/v1" by key "release".*\(none found\); would pass: cosign attest/,
  )
  assert.match(problemOf(await image([release], [[stranger, builder]]), attested()), /it is not signed with key "release"/)
  const evil = await image([release], [[release, { runDetails: { builder: { id: 'https://evil' } } }]])
  assert.match(problemOf(evil, attested()), /found, but it must be built by our CI/)
  assert.match(problemOf(await image([release], [[release, {}]]), attested()), /cannot be evaluated: no such key: runDetails/)
  assert.match(problemOf(good, attested({ predicateType: 'https://spdx.dev/Document' })), /no attestation "https:\/\/spdx\.dev\/Document"/)
  assert.match(problemOf(await image([], [[release, builder]]), attested()), /no signature by key "release"/)
  const optional = { anyOf: [{ ...byRelease, signature: 'Optional', attestations: [{ predicateType: slsa, conditions }] }] }
  assert.equal(problemOf(await image([], [[release, builder]]), optional), '')
})

test('evaluateImagePolicies() ends conditions that cost too much, and does not pass them', async () => {
  const facts = await image([release], [[release, { list: Array.from({ length: 3000 }, (_, at) => at) }]])
  const expression = 'predicate.list.all(a, predicate.list.all(b, a + b >= 0))'
  const signer = { ...byRelease, attestations: [{ predicateType: slsa, conditions: [{ expression }] }] }
  assert.match(problemOf(facts, { anyOf: [signer] }), /operation cancelled: actual cost limit exceeded/)
})

test('evaluateImagePolicies() refuses the signer as soon as the trust root revokes them', async () => {
  const facts = await image([release])
  const revoked = { ...trustSpec, revoked: [{ key: 'release', reason: 'laptop stolen' }] }
  assert.match(problemOf(facts, { anyOf: [byRelease] }, roots(revoked)), /trust root "team" has revoked key "release": laptop stolen/)
})

test('evaluateImagePolicies() refuses findings above a severity, images that were not scanned, and old ones', async () => {
  const facts = await image([])
  const finding = (severity: Finding['severity'], more: Partial<Finding> = {}): Finding => {
    const found = { type: 'deb' as const, name: 'openssl', version: '1', locations: [] }
    return { advisory: `DSA-${severity}`, cves: [], package: found, severity, source: 'debian', ...more }
  }
  const strict = policy({ maxSeverity: 'medium', maxAge: '720h' })
  const problem = (more: Partial<ImageFacts>): string =>
    messageOf(evaluateImagePolicies([strict], { ...facts, created: now, findings: [], ...more }, roots(), now))
  assert.equal(problem({ findings: [finding('medium'), finding('critical', { notAffected: 'vulnerable_code_not_present' })] }), '')
  assert.match(problem({ findings: [finding('high')] }), /findings above severity medium: DSA-high \(high, openssl\)$/)
  assert.match(problem({ findings: Array.from({ length: 7 }, () => finding('critical')) }), / and 2 more$/)
  assert.match(problem({ created: now - 721 * 3_600_000 }), /it was built 721h ago, and must not be older than 720h/)
  const { created: _, findings: __, ...unknown } = { ...facts, created: 1, findings: [] }
  assert.match(messageOf(evaluateImagePolicies([strict], unknown, roots(), now)), /has not been scanned.*does not say when it was built/)
})
