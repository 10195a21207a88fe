import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sha256Of } from '../oci/verified-content.ts'
import { digest, publicKey } from './cosign-3.fixture.ts'
import { trustedRoot } from './keyless.fixture.ts'
import { parseClaim } from './parse-claim.ts'
import { parseTrustRoot } from './trust-root.ts'
import { verifyByKey, verifyKeyless } from './verify-claim.ts'

test('the inputs of the fuzzer verify, so that its changes reach each step', () => {
  const trustRoot = parseTrustRoot('team', { keys: [{ name: 'release', publicKey }], sigstore: { trustedRoot } })
  const read = (name: string): Buffer => readFileSync(new URL(`../../../test/corpus/claim/${name}`, import.meta.url))
  const layer = { mediaType: '', digest: sha256Of(Buffer.alloc(0)), size: 0 }
  const signature = JSON.parse(read('keyless-signature').toString())
  const sources = [
    ...['cosign-3-signature', 'cosign-3-attestation', 'keyless-bundle'].map(name => ({
      kind: 'bundle' as const,
      layer,
      content: read(name),
    })),
    { kind: 'signature' as const, layer: { ...layer, annotations: signature.annotations }, content: Buffer.from(signature.content) },
  ]
  for (const source of sources) {
    const claim = parseClaim(source)
    assert.ok('statement' in claim)
    assert.deepEqual(claim.statement.digests, [digest])
    const verdicts = [verifyByKey(claim, trustRoot, 'release', Date.now()), verifyKeyless(claim, trustRoot, Date.now())]
    assert.equal(verdicts.filter(({ verified }) => verified).length, 1)
  }
})
