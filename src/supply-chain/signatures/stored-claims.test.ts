import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import { collectClaims } from './collect-claims.ts'
import { simpleSigningMediaType } from './parse-cosign.ts'
import { attestationLayer, ecKeys, putBundle, signatureLayer, tagOf } from './sign.testing.ts'
import { readStoredClaims, storeClaims } from './stored-claims.ts'
import { parseTrustRoot } from './trust-root.ts'
import { verifyByKey } from './verify-claim.ts'

async function stored() {
  const keys = ecKeys()
  const source = new MemoryImageSource()
  const { digest } = source.putManifest([])
  const broken = source.putBlob(Buffer.from('no JSON'), simpleSigningMediaType, { 'dev.cosignproject.cosign/signature': 'AAAA' })
  source.putManifest([signatureLayer(source, digest, keys), broken], tagOf(digest, 'sig'))
  source.putManifest([attestationLayer(source, digest, keys, 'https://a', { b: 1 })], tagOf(digest, 'att'))
  putBundle(source, digest, keys)
  const claims = await collectClaims(source, digest, new AbortController().signal)
  return { keys, claims, json: JSON.parse(JSON.stringify(storeClaims(claims))) }
}

test('readStoredClaims() returns what storeClaims() was given, and it verifies', async () => {
  const { keys, claims, json } = await stored()
  const read = readStoredClaims(json, 'claims')
  assert.deepEqual(read, claims)
  assert.equal(read.unreadable.length, 1)
  const root = parseTrustRoot('team', { keys: [{ name: 'release', publicKey: keys.pem }] })
  assert.deepEqual(
    read.readable.map(claim => verifyByKey(claim, root, 'release', Date.now()).verified),
    [true, true, true],
  )
})

test('readStoredClaims() refuses what was changed', async () => {
  const { json } = await stored()
  const [first, ...rest] = json.sources
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^claims\.digest must be a digest$/],
    [{ ...json, sources: 5 }, /^claims\.sources must be a list of at most 256 entries$/],
    [{ ...json, unreadable: Array(1000).fill({}) }, /^claims\.unreadable must be a list/],
    [{ ...json, sources: [{ ...first, kind: 'other' }, ...rest] }, /^claims\.sources\[0\] must have kind and content$/],
    [{ ...json, sources: [{ ...first, content: 'AAAA' }] }, /^claims\.sources\[0\]\.content is not what the digest/],
    [{ ...json, sources: [{ ...first, layer: {} }] }, /^claims\.sources\[0\]\.layer/],
    [{ ...json, unreadable: [{}] }, /^claims\.unreadable\[0\] must have origin and problem$/],
  ]
  for (const [value, message] of rows) assert.throws(() => readStoredClaims(value, 'claims'), { name: 'UserError', message })
})
