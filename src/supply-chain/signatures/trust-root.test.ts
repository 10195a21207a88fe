import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { ecKeys, rsaKeys } from './sign.testing.ts'
import { maxAuthorities, maxKeys, parseTrustRoot } from './trust-root.ts'

const { pem } = ecKeys()
const emptyRoot = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }

test('parseTrustRoot() names the field that is wrong, and what is accepted', () => {
  const weakCurve = generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).publicKey.export({ format: 'pem', type: 'spki' })
  const secret = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
  const key = { name: 'a', publicKey: pem }
  const rows: readonly [unknown, RegExp][] = [
    [undefined, /^spec must be an object$/],
    [{}, /^spec must have keys, sigstore or tuf$/],
    [{ keys: [key], revokd: [] }, /^spec has the unknown field "revokd"; it may have version, keys, /],
    [{ keys: [{ publicKey: pem }] }, /^spec\.keys\[0\]\.name is required$/],
    [{ keys: [key, key] }, /^spec\.keys\[1\]\.name: "a" is the name of another key$/],
    [{ keys: Array.from({ length: maxKeys + 1 }, () => key) }, /^spec\.keys must be a list of at most 100 entries$/],
    [{ keys: [{ name: 'a', publicKey: 'hello' }] }, /^spec\.keys\[0\]\.publicKey must be one PEM block "PUBLIC KEY"/],
    [{ keys: [{ name: 'a', publicKey: secret }] }, /^spec\.keys\[0\]\.publicKey must be one PEM block "PUBLIC KEY"/],
    [
      { keys: [{ name: 'a', publicKey: rsaKeys(1024).pem }] },
      /publicKey is rsa with 1024 bits; accepted are ECDSA with P-256 or P-384, Ed25519, or RSA/,
    ],
    [{ keys: [{ name: 'a', publicKey: weakCurve }] }, /publicKey is ec with secp224r1; accepted are/],
    [{ keys: [key], notBefore: 'yesterday' }, /^spec\.notBefore must be a time such as 2026-12-01T00:00:00Z, got "yesterday"$/],
    [{ keys: [key], notBefore: '2026-02-02T00:00:00Z', notAfter: '2026-02-01T00:00:00Z' }, /^spec\.notAfter is before notBefore$/],
    [{ keys: [key], revoked: [{ key: 'b' }] }, /^spec\.revoked names the key "b", which spec\.keys does not have$/],
    [{ keys: [key], revoked: [{ reason: 'x' }] }, /^spec\.revoked\[0\] must have key, identity or before$/],
    [{ keys: [key], revoked: [{ key: 'a', identity: { subject: 'x' } }] }, /must not have both key and identity$/],
    [{ keys: [key], revoked: [{ identity: {} }] }, /^spec\.revoked\[0\]\.identity\.subject is required$/],
    [{ tuf: {} }, /^spec\.tuf\.root must be the object of the first trusted root\.json$/],
    [{ tuf: { root: {}, url: 'http://tuf.example.com/' } }, /^spec\.tuf\.url must be an https URL, got "http:/],
    [{ tuf: { root: {}, mirror: 'x' } }, /^spec\.tuf has the unknown field "mirror"/],
    [{ sigstore: {} }, /^spec\.sigstore\.trustedRoot must be the object of a trusted_root\.json$/],
    [{ sigstore: { trustedRoot: {} } }, /trustedRoot\.mediaType must be/],
    [{ sigstore: { trustedRoot: { ...emptyRoot, tlogs: 5 } } }, /trustedRoot\.tlogs must be a list/],
    [{ sigstore: { trustedRoot: { ...emptyRoot, tlogs: Array(maxAuthorities + 1).fill({}) } } }, /at most 50 entries/],
    [{ sigstore: { trustedRoot: { ...emptyRoot, tlogs: [{}] } } }, /trustedRoot cannot be read/],
    [{ sigstore: { trustedRoot: emptyRoot, thresholds: { transparencyLogs: 0, timestamps: 0 } } }, /one log entry or timestamp is needed/],
    [{ sigstore: { trustedRoot: emptyRoot, thresholds: { transparencyLogs: -1 } } }, /whole number from 0 to 8/],
  ]
  for (const [spec, message] of rows)
    assert.throws(
      () => parseTrustRoot('team', spec),
      err => err instanceof UserError && message.test(err.message),
      `${JSON.stringify(spec)?.slice(0, 200)} must give ${message}`,
    )
})

test('parseTrustRoot() requires a log entry if the trusted root has a log, else a timestamp', () => {
  const { sigstore } = parseTrustRoot('team', { sigstore: { trustedRoot: emptyRoot } })
  assert.deepEqual(sigstore?.thresholds, { transparencyLogs: 0, certificateLogs: 0, timestamps: 1 })
})

test('parseTrustRoot() trusts no authority while the TUF repository has not been read, and then its trusted root', () => {
  const spec = { tuf: { root: {} } }
  assert.equal(parseTrustRoot('team', spec).sigstore, undefined)
  assert.deepEqual(parseTrustRoot('team', spec, { trustedRoot: emptyRoot, expires: 1 }).sigstore?.material.tlogs, [])
})
