// Keyless signatures of a private sigstore in memory.
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import type { Digest } from '../oci/digest.ts'
import { type BundleJson, type BundleOptions, issuer, type MockSigstore, mockSigstore, subject } from './keyless.testing.ts'
import { maxWitnesses, type ParsedClaim, parseBundle } from './parse-bundle.ts'
import { parseCosignSignature, simpleSigningMediaType } from './parse-cosign.ts'
import { ecKeys } from './sign.testing.ts'
import { parseTrustRoot } from './trust-root.ts'
import { type ClaimVerdict, verifyByKey, verifyKeyless } from './verify-claim.ts'

const digest: Digest = `sha256:${'ab'.repeat(32)}`
const toClaim = (bundle: BundleJson): ParsedClaim => parseBundle(Buffer.from(JSON.stringify(bundle)))

suite('verifyKeyless()', () => {
  let sigstore: MockSigstore
  let now: number
  before(async () => {
    sigstore = await mockSigstore()
    now = Date.now()
  })

  const root = (sigstoreSpec: object = {}, more: object = {}) =>
    parseTrustRoot('ours', { sigstore: { trustedRoot: sigstore.trustedRoot, ...sigstoreSpec }, ...more })
  const reasonOf = (verdict: ClaimVerdict): string => (verdict.verified ? '' : verdict.reason)
  const reason = (bundle: BundleJson, trustRoot = root()): string => reasonOf(verifyKeyless(toClaim(bundle), trustRoot, now))
  /** A copy of the bundle with one member changed. */
  const changed = (bundle: BundleJson, change: (copy: BundleJson) => void): BundleJson => {
    const copy = structuredClone(bundle)
    change(copy)
    return copy
  }

  test('verifies a bundle with a log entry, with a timestamp and with both, and names the identity and the time', async () => {
    for (const [witnesses, thresholds] of [
      ['log', { transparencyLogs: 1, timestamps: 0 }],
      ['timestamp', { transparencyLogs: 0, timestamps: 1 }],
      ['both', { transparencyLogs: 1, timestamps: 1 }],
    ] as const) {
      const verdict = verifyKeyless(toClaim(await sigstore.bundle(digest, { witnesses })), root({ thresholds }), now)
      assert.ok(verdict.verified && verdict.signer.kind === 'keyless', reasonOf(verdict))
      const { at, ...signer } = verdict.signer
      assert.deepEqual(signer, { kind: 'keyless', trustRoot: 'ours', issuer, subject })
      assert.ok(Math.abs(at - now) < 3_600_000, String(at))
    }
  })

  test('verifies a keyless signature in the format of cosign 2', async () => {
    const { payload, annotations } = await sigstore.cosign(digest)
    const layer = { mediaType: simpleSigningMediaType, digest, size: payload.length, annotations }
    const verdict = verifyKeyless(parseCosignSignature(layer, payload), root(), now)
    assert.ok(verdict.verified && verdict.signer.kind === 'keyless', reasonOf(verdict))
    assert.equal(verdict.signer.subject, subject)
    const other = Buffer.from(payload.toString().replace('shop/web', 'shop/wob'))
    assert.notEqual(reasonOf(verifyKeyless(parseCosignSignature(layer, other), root(), now)), '')
  })

  test('refuses what the thresholds require and the bundle lacks', async () => {
    const [log, timestamp, none] = [
      await sigstore.bundle(digest, { witnesses: 'log' }),
      await sigstore.bundle(digest, { witnesses: 'timestamp' }),
      await sigstore.bundle(digest, { witnesses: 'none' }),
    ]
    assert.match(reason(timestamp), /expected 1 tlog entries, got 0/)
    assert.match(reason(log, root({ thresholds: { timestamps: 1 } })), /it has 0 timestamps, 1 are required/)
    assert.match(reason(none, root({ thresholds: { transparencyLogs: 0, timestamps: 1 } })), /expected 1 timestamps, got 0/)
    assert.match(reason(log, root({ thresholds: { certificateLogs: 2 } })), /expected 2 SCTs, got 1/)
  })

  test('refuses each changed part: payload, signature, certificate, promise, proof, time, timestamp', async () => {
    const bundle = await sigstore.bundle(digest)
    const both = root({ thresholds: { transparencyLogs: 1, timestamps: 1 } })
    assert.equal(reason(bundle, both), '')
    const other = await sigstore.bundle(digest)
    const foreign = await (await mockSigstore()).bundle(digest)
    const entry = (copy: BundleJson) => copy.verificationMaterial.tlogEntries[0]
    const changes: Readonly<Record<string, (copy: BundleJson) => void>> = {
      payload: copy => {
        copy.dsseEnvelope.payload = Buffer.from(
          Buffer.from(copy.dsseEnvelope.payload, 'base64').toString().replace('shop/web', 'shop/wob'),
        ).toString('base64')
      },
      signature: copy => {
        copy.dsseEnvelope.signatures = other.dsseEnvelope.signatures
      },
      certificate: copy => {
        copy.verificationMaterial.certificate = other.verificationMaterial.certificate
      },
      'certificate of another authority': copy => {
        copy.verificationMaterial.certificate = foreign.verificationMaterial.certificate
      },
      'log entry': copy => {
        copy.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries
      },
      'entry of another log': copy => {
        copy.verificationMaterial.tlogEntries = foreign.verificationMaterial.tlogEntries
      },
      promise: copy => {
        entry(copy).inclusionPromise = entry(other).inclusionPromise
      },
      proof: copy => {
        entry(copy).inclusionProof = entry(other).inclusionProof
      },
      time: copy => {
        entry(copy).integratedTime = String(Number(entry(copy).integratedTime) + 1)
      },
      timestamp: copy => {
        copy.verificationMaterial.timestampVerificationData = other.verificationMaterial.timestampVerificationData
      },
      'timestamp of another authority': copy => {
        copy.verificationMaterial.timestampVerificationData = foreign.verificationMaterial.timestampVerificationData
      },
      'the same entry twice': copy => {
        copy.verificationMaterial.tlogEntries.push(entry(copy))
      },
    }
    for (const [what, change] of Object.entries(changes)) assert.notEqual(reason(changed(bundle, change), both), '', what)
  })

  test('does not take the time of a log entry that only has a proof, since nothing signs that time', async () => {
    const bundle = changed(await sigstore.bundle(digest, { witnesses: 'log' }), copy => {
      delete copy.verificationMaterial.tlogEntries[0].inclusionPromise
    })
    assert.match(reason(bundle), /expected 1 timestamps, got 0/)
    const stamped = changed(await sigstore.bundle(digest), copy => {
      delete copy.verificationMaterial.tlogEntries[0].inclusionPromise
    })
    assert.equal(reason(stamped), '')
  })

  test('refuses a log entry that names another key', async () => {
    const other = Buffer.from(ecKeys().pem).toString('base64')
    assert.equal(
      reason(await sigstore.bundle(digest, { loggedCertificate: other })),
      'the log entry names another key than that of the signer',
    )
    const broken = Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64')
    assert.match(reason(await sigstore.bundle(digest, { loggedCertificate: broken })), /^the log entry names a key that cannot be read/)
  })

  test('refuses certificates that were not valid at the proven time', async () => {
    const bundle = await sigstore.bundle(digest)
    const { certificateAuthorities } = sigstore.trustedRoot
    const ended = (certificateAuthorities as object[]).map(authority => ({
      ...authority,
      validFor: { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' },
    }))
    assert.match(
      reason(bundle, root({ trustedRoot: { ...sigstore.trustedRoot, certificateAuthorities: ended } })),
      /Failed to verify certificate chain/,
    )
    const logs = { ...sigstore.trustedRoot, ctlogs: [] }
    assert.notEqual(reason(bundle, root({ trustedRoot: logs, thresholds: { certificateLogs: 1 } })), '')
  })

  test('refuses revoked identities, and signatures from before a date', async () => {
    const bundle = await sigstore.bundle(digest)
    const revoked = (revocation: object): string => reason(bundle, root({}, { revoked: [revocation] }))
    assert.match(revoked({ identity: { issuer, subject }, reason: 'left' }), /has revoked "https:\/\/github\.example\.com.*": left$/)
    assert.match(revoked({ identity: { subject } }), /has revoked/)
    assert.equal(revoked({ identity: { issuer: 'https://other', subject } }), '')
    assert.equal(revoked({ identity: { subject: 'other' } }), '')
    assert.match(revoked({ before: new Date(now + 3_600_000).toISOString() }), /for signatures before/)
    assert.equal(revoked({ before: new Date(now - 3_600_000).toISOString() }), '')
    assert.equal(revoked({ identity: { subject }, before: new Date(now - 3_600_000).toISOString() }), '')
  })

  test('parseBundle() refuses a bundle with more witnesses than are read', async () => {
    const bundle = await sigstore.bundle(digest)
    const [entry] = bundle.verificationMaterial.tlogEntries
    bundle.verificationMaterial.tlogEntries = Array(maxWitnesses).fill(entry)
    assert.throws(() => toClaim(bundle), /the bundle has 9 log entries and timestamps, at most 8 are read/)
  })

  test('verifyByKey() takes the time of a witness that the trust root has, and none of others', async () => {
    const key = ecKeys()
    const trusts = (more: object, sigstoreRoot: object = { trustedRoot: sigstore.trustedRoot }, revoked: readonly object[] = []) =>
      parseTrustRoot('ours', { keys: [{ name: 'release', publicKey: key.pem, ...more }], sigstore: sigstoreRoot, revoked })
    const later = now + 86_400_000
    const [before, after] = [new Date(now - 3_600_000).toISOString(), new Date(now + 3_600_000).toISOString()]
    const verdictOf = async (options: BundleOptions, trustRoot = trusts({}), at = later) =>
      verifyByKey(toClaim(await sigstore.bundle(digest, { key, ...options })), trustRoot, 'release', at)
    for (const witnesses of ['log', 'timestamp', 'both'] as const) {
      const verdict = await verdictOf({ witnesses }, trusts({ notAfter: after }))
      assert.ok(
        verdict.verified && verdict.signer.at !== undefined && Math.abs(verdict.signer.at - now) < 3_600_000,
        `${witnesses}: ${reasonOf(verdict)}`,
      )
    }
    assert.match(reasonOf(await verdictOf({ witnesses: 'none' }, trusts({ notAfter: after }))), /was not valid when it was used/)
    assert.match(reasonOf(await verdictOf({}, trusts({ notAfter: before }))), /was not valid when it was used/)
    const foreign = { trustedRoot: (await mockSigstore()).trustedRoot }
    assert.match(reasonOf(await verdictOf({}, trusts({ notAfter: after }, foreign))), /was not valid when it was used/)
    const noted = { loggedCertificate: Buffer.from(ecKeys().pem).toString('base64') }
    assert.match(reasonOf(await verdictOf(noted, trusts({ notAfter: after }))), /was not valid when it was used/)
    assert.equal(reasonOf(await verdictOf({}, trusts({}, undefined, [{ before }]))), '')
    assert.match(
      reasonOf(await verdictOf({}, trusts({}, undefined, [{ before: after }]))),
      /has revoked key "release" for signatures before/,
    )
  })
})
