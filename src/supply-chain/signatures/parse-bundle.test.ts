import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { bundles, digest, publicKey } from './cosign-3.fixture.ts'
import { parseBundle } from './parse-bundle.ts'
import { bundleOf, ecKeys, envelopeOf, statementOf } from './sign.testing.ts'
import { maxSubjects } from './statement.ts'
import { parseTrustRoot } from './trust-root.ts'
import { verifyByKey } from './verify-claim.ts'

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

test('parseBundle() reads the signature and the attestation of cosign 3, whose key verifies them', () => {
  const trustRoot = parseTrustRoot('team', { keys: [{ name: 'release', publicKey }] })
  const claims = bundles.map(bundle => parseBundle(bytesOf(bundle)))
  assert.deepEqual(
    claims.map(({ statement }) => [statement.kind, ...statement.digests]),
    [
      ['signature', digest],
      ['attestation', digest],
    ],
  )
  for (const claim of claims) assert.equal(verifyByKey(claim, trustRoot, 'release', Date.now()).verified, true)
})

test('parseBundle() says what is wrong with a bundle', () => {
  const keys = ecKeys()
  const statement = (change: object): Buffer => {
    const whole = JSON.parse(statementOf(`sha256:${'0'.repeat(64)}`, 'https://a', {}).toString())
    return bundleOf(envelopeOf(bytesOf({ ...whole, ...change }), keys))
  }
  const bundle = JSON.parse(statement({}).toString())
  const message = { messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' }, signature: 'AAAA' } }
  const rows: readonly (readonly [Uint8Array, RegExp])[] = [
    [Buffer.from([0xff, 0xfe]), /the bundle is not JSON: it is not UTF-8/],
    [Buffer.from('[1]'), /the bundle is not a JSON object/],
    [bytesOf({}), /it is no sigstore bundle/],
    [bytesOf({ ...bundle, dsseEnvelope: 5 }), /it is no sigstore bundle/],
    [bytesOf({ ...bundle, verificationMaterial: undefined }), /it is no sigstore bundle/],
    [bytesOf({ ...bundle, dsseEnvelope: undefined, ...message }), /has a signature of a message/],
    [
      bytesOf({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payloadType: 'text/plain' } }),
      /payloadType must be "application\/vnd\.in-toto\+json", got "text\/plain"/,
    ],
    [
      bytesOf({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig: 'AA==' }, { sig: 'AA==' }] } }),
      /it is no sigstore bundle/,
    ],
    [statement({ _type: 'https://other' }), /_type must be "https:\/\/in-toto\.io\/Statement\/v0\.1" or .*, got "https:\/\/other"/],
    [statement({ predicateType: '' }), /predicateType must be a text/],
    [statement({ subject: {} }), /subject must be a list of at most 1000 entries/],
    [statement({ subject: Array(maxSubjects + 1).fill({ digest: {} }) }), /subject must be a list of at most 1000 entries/],
    [statement({ subject: [5] }), /an entry of subject has no object "digest"/],
  ]
  for (const [bytes, expected] of rows)
    assert.throws(
      () => parseBundle(bytes),
      err => err instanceof UserError && expected.test(err.message),
      String(expected),
    )
})

test('parseBundle() names no image for a subject whose digest is none', () => {
  const keys = ecKeys()
  const whole = JSON.parse(statementOf(`sha256:${'0'.repeat(64)}`, 'https://a', {}).toString())
  const bytes = bundleOf(envelopeOf(bytesOf({ ...whole, subject: [{ digest: { sha1: 'a', sha256: 'A'.repeat(64), sha512: 5 } }] }), keys))
  assert.deepEqual(parseBundle(bytes).statement.digests, [])
})
