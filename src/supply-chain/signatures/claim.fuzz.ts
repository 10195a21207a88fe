// Signatures and bundles of anybody: reading gives a claim or a problem, verifying a verdict, and nobody makes a signature by changing one.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { FuzzTarget } from '../../base/testing/fuzz-target.testing.ts'
import { succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { UserError } from '../../base/user-error.ts'
import { sha256Of } from '../oci/verified-content.ts'
import type { ClaimSource } from './claim.ts'
import { bundles, digest, publicKey } from './cosign-3.fixture.ts'
import { trustedRoot } from './keyless.fixture.ts'
import { parseClaim } from './parse-claim.ts'
import { readStoredClaims } from './stored-claims.ts'
import { parseTrustRoot } from './trust-root.ts'
import { verifyByKey, verifyKeyless } from './verify-claim.ts'

const trustRoot = parseTrustRoot('team', { keys: [{ name: 'release', publicKey }], sigstore: { trustedRoot } })
const now = Date.parse('2026-12-02T00:00:00Z')

/** A change of one member of a bundle, anywhere. */
const changed = fc.tuple(fc.constantFrom(...bundles), fc.nat(), fc.oneof(fc.jsonValue(), fc.base64String())).map(([bundle, at, value]) => {
  let count = 0
  const total = JSON.stringify(bundle).split(':').length
  return JSON.stringify(bundle, (_name, member: unknown) => (count++ === at % total && count > 1 ? value : member))
})

export const claim: FuzzTarget = {
  name: 'claim',
  inputs: fc.oneof(changed, fc.json()),
  words: [
    '"annotations":',
    '"content":',
    '"dsseEnvelope":',
    '"tlogEntries":',
    '"verificationMaterial":',
    '"certificate":',
    '"rawBytes":',
    '[]',
    '{}',
    'null',
    ',',
  ],
  maxBytes: 16_384,
  run(input) {
    for (const source of sourcesOf(input)) {
      const parsed = parseClaim(source)
      if ('problem' in parsed) {
        assert.equal(typeof parsed.problem, 'string')
        continue
      }
      const verdicts = [verifyByKey(parsed, trustRoot, 'release', now), verifyKeyless(parsed, trustRoot, now)]
      if (verdicts.some(({ verified }) => verified))
        assert.deepEqual(parsed.statement.digests, [digest], 'a signature of something that nobody has signed')
    }
    succeeds(() => readStoredClaims(jsonOf(input), 'claims'), UserError)
    succeeds(() => parseTrustRoot('any', { sigstore: { trustedRoot: jsonOf(input) } }), UserError)
  },
}

function sourcesOf(input: Buffer): ClaimSource[] {
  const layer = { mediaType: '', digest: sha256Of(input), size: input.length }
  const { annotations, content } = isJsonObject(jsonOf(input)) ? (jsonOf(input) as Readonly<Record<string, unknown>>) : {}
  const texts = isJsonObject(annotations) ? Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, String(text)])) : {}
  const payload = typeof content === 'string' ? Buffer.from(content) : input
  return [
    { kind: 'bundle', layer, content: input },
    { kind: 'attestation', layer, content: input },
    { kind: 'signature', layer: { ...layer, annotations: texts }, content: payload },
    { kind: 'attestation', layer: { ...layer, annotations: texts }, content: payload },
  ]
}

function jsonOf(input: Buffer): unknown {
  try {
    return parseJson(input.toString())
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}
