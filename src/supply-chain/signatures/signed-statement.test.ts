import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { parseBundle } from './parse-bundle.ts'
import { parsePrivateKey } from './private-key.ts'
import { parsePublicKey, signatureHolds } from './public-key.ts'
import { keyId, signedBundle, signedEnvelope, verifiedPayload } from './signed-statement.ts'

const statement = {
  predicateType: 'https://example.com/p',
  subject: [{ name: 'a', digest: { sha256: '0'.repeat(64) } }],
  predicate: { x: 1 },
}
const pem = (kind: 'ed25519' | 'ec' | 'rsa', options: object = {}, encoding: object = {}) => {
  const pair = generateKeyPairSync(kind as 'ec', options as { namedCurve: string })
  return pair.privateKey.export({ format: 'pem', type: 'pkcs8', ...encoding } as never).toString()
}

test('signStatement() signs with each accepted key, and verifiedPayload() and parseBundle() read it', () => {
  for (const text of [
    pem('ed25519'),
    pem('ec', { namedCurve: 'prime256v1' }),
    pem('ec', { namedCurve: 'secp384r1' }),
    pem('rsa', { modulusLength: 2048 }),
  ]) {
    const key = parsePrivateKey(text, 'k')
    const publicKey = parsePublicKey(key.publicKey, 'p')
    const payload = verifiedPayload(signedEnvelope(statement, key), publicKey, 'e')
    assert.equal(JSON.parse(payload.toString()).predicateType, 'https://example.com/p')
    const { signed, signature, statement: read } = parseBundle(Buffer.from(signedBundle(statement, key)))
    assert.ok(signatureHolds(publicKey, signed, signature))
    assert.deepEqual(read.digests, [`sha256:${'0'.repeat(64)}`])
    const other = parsePublicKey(parsePrivateKey(pem('ed25519'), 'k').publicKey, 'p')
    assert.throws(() => verifiedPayload(signedEnvelope(statement, key), other, 'e'), /^UserError: e is not signed with the key/)
  }
})

test('parsePrivateKey() says what is wrong with a key, and never what it is', () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['no key', 'secret', /^k must be a private key in PEM/],
    ['a weak key', pem('rsa', { modulusLength: 1024 }), /^k is rsa with 1024 bits; accepted are/],
    ['another curve', pem('ec', { namedCurve: 'secp521r1' }), /^k is ec with secp521r1; accepted are/],
    ['an encrypted key', pem('ed25519', {}, { cipher: 'aes-256-cbc', passphrase: 'p' }), /^k is encrypted, and no passphrase/],
    ["cosign's key", '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n', /^k is a key of cosign, whose format is its own/],
  ]
  for (const [name, text, message] of rows)
    assert.throws(
      () => parsePrivateKey(text, 'k'),
      err => err instanceof UserError && message.test(err.message) && !err.message.includes('secret'),
      name,
    )
  assert.ok(parsePrivateKey(pem('ed25519', {}, { cipher: 'aes-256-cbc', passphrase: 'p' }), 'k', 'p'))
})

test('keyId() does not depend on the lines of the PEM text', () => {
  const { publicKey } = parsePrivateKey(pem('ed25519'), 'k')
  assert.match(keyId(publicKey), /^[0-9a-f]{16}$/)
  assert.equal(keyId(publicKey.replaceAll('\n', '\r\n')), keyId(publicKey))
})
