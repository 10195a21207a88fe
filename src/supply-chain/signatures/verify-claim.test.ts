import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import type { Claim } from './claim.ts'
import { collectClaims } from './collect-claims.ts'
import { ecKeys, edKeys, type KeyPair, putBundle, rsaKeys, signatureLayer, tagOf } from './sign.testing.ts'
import { parseTrustRoot } from './trust-root.ts'
import { verifyByKey, verifyKeyless } from './verify-claim.ts'

const now = Date.parse('2026-06-01T00:00:00Z')

async function claimsBy(keys: KeyPair): Promise<readonly Claim[]> {
  const source = new MemoryImageSource()
  const { digest } = source.putManifest([])
  source.putManifest([signatureLayer(source, digest, keys)], tagOf(digest, 'sig'))
  putBundle(source, digest, keys)
  return (await collectClaims(source, digest, new AbortController().signal)).readable
}

const root = (keys: KeyPair, more: object = {}, key: object = {}) =>
  parseTrustRoot('team', { keys: [{ name: 'release', publicKey: keys.pem, ...key }], ...more })

for (const [name, keys] of [
  ['ECDSA P-256', ecKeys()],
  ['ECDSA P-384', ecKeys('secp384r1')],
  ['ECDSA P-521', ecKeys('secp521r1')],
  ['Ed25519', edKeys()],
  ['RSA 2048', rsaKeys(2048)],
] as const)
  test(`verifyByKey() verifies both formats with ${name}, and refuses another key and a changed byte`, async () => {
    const claims = await claimsBy(keys)
    assert.equal(claims.length, 2)
    for (const claim of claims) {
      assert.deepEqual(verifyByKey(claim, root(keys), 'release', now), {
        verified: true,
        signer: { kind: 'key', trustRoot: 'team', key: 'release' },
      })
      assert.deepEqual(verifyByKey(claim, root(ecKeys()), 'release', now), {
        verified: false,
        reason: 'it is not signed with key "release"',
      })
      const changed = Buffer.from(claim.signed)
      changed[changed.length - 3] = (changed[changed.length - 3] ?? 0) ^ 1
      assert.equal(verifyByKey({ ...claim, signed: changed }, root(keys), 'release', now).verified, false)
      for (const length of [0, 1, claim.signature.length - 1])
        assert.equal(verifyByKey({ ...claim, signature: claim.signature.slice(0, length) }, root(keys), 'release', now).verified, false)
    }
  })

test('verifyByKey() refuses outside of the validity of the trust root and of the key', async () => {
  const keys = ecKeys()
  const [claim] = await claimsBy(keys)
  assert.ok(claim)
  const rows = [
    [root(keys, { notAfter: '2026-05-31T23:59:59Z' }), 'trust root "team" expired at 2026-05-31T23:59:59.000Z'],
    [root(keys, { notBefore: '2026-06-01T00:00:01Z' }), 'trust root "team" is valid from 2026-06-01T00:00:01.000Z'],
    [root(keys, {}, { notAfter: '2026-05-31T23:59:59Z' }), 'key "release" was not valid when it was used, 2026-06-01T00:00:00.000Z'],
    [root(keys, {}, { notBefore: '2026-06-02T00:00:00+02:00' }), 'key "release" was not valid when it was used, 2026-06-01T00:00:00.000Z'],
  ] as const
  for (const [trustRoot, reason] of rows) assert.deepEqual(verifyByKey(claim, trustRoot, 'release', now), { verified: false, reason })
  assert.equal(
    verifyByKey(claim, root(keys, { notBefore: '2026-06-01T00:00:00Z', notAfter: '2026-06-01T00:00:00Z' }), 'release', now).verified,
    true,
  )
  assert.deepEqual(verifyByKey(claim, root(keys), 'other', now), { verified: false, reason: 'trust root "team" has no key "other"' })
})

test('verifyByKey() refuses a revoked key, and signatures without a proven time that may be older than a date', async () => {
  const keys = ecKeys()
  const [claim] = await claimsBy(keys)
  assert.ok(claim)
  const reason = (revoked: object): string => {
    const verdict = verifyByKey(claim, root(keys, { revoked: [revoked] }), 'release', now)
    return verdict.verified ? '' : verdict.reason
  }
  assert.equal(reason({ key: 'release', reason: 'laptop stolen' }), 'trust root "team" has revoked key "release": laptop stolen')
  assert.equal(
    reason({ before: '2026-01-01T00:00:00Z' }),
    'trust root "team" has revoked key "release" for signatures before 2026-01-01T00:00:00.000Z',
  )
  assert.equal(reason({ identity: { subject: 'someone@example.com' } }), '')
})

test('verifyKeyless() refuses what is signed with a key, and a trust root without authorities', async () => {
  const keys = ecKeys()
  const [claim] = await claimsBy(keys)
  assert.ok(claim)
  assert.deepEqual(verifyKeyless(claim, root(keys), now), {
    verified: false,
    reason: 'trust root "team" has no authority for certificates',
  })
})
