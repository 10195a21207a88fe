// Attestations that a policy must not accept: each has one thing wrong.
import { type EnvelopeFlaw, keyBundle, newOracleKey, type OracleKey, statementText } from '../../oracles/attestation.ts'
import type { SignatureAttack, SignatureAttacks } from './signed-images.ts'

const provenance = 'https://slsa.dev/provenance/v1'
const good = { builder: { id: 'https://builder.invalid/1' }, reviewed: true }

export function attestationAttacks(): SignatureAttacks {
  const key = newOracleKey()
  const other = newOracleKey()
  const signed = (digest: string, predicate: object = good, by: OracleKey = key, type = provenance, flaw: EnvelopeFlaw = {}): object =>
    keyBundle(statementText(digest, type, predicate), by, flaw)
  const attack = (name: string, names: string, attached: SignatureAttack['attached']): SignatureAttack => ({ name, names, attached })
  const attacks: readonly SignatureAttack[] = [
    attack('an image without attestations', 'none found', () => []),
    attack('an attestation of another type', 'none found', digest => [signed(digest, good, key, 'https://slsa.dev/provenance/v0.2')]),
    attack('an attestation about another image', 'it is about another image', () => [signed(`sha256:${'1'.repeat(64)}`)]),
    attack('an attestation by another key', 'it is not signed with key "builder"', digest => [signed(digest, good, other)]),
    attack('an attestation without a signature', 'it is no sigstore bundle', digest => [
      signed(digest, good, key, provenance, { unsigned: true }),
    ]),
    attack('an attestation that was changed', 'it is not signed with key "builder"', digest => [
      signed(digest, good, key, provenance, { signedText: statementText(digest, provenance, { ...good, reviewed: false }) }),
    ]),
    attack('an attestation of another payload type', 'payloadType must be', digest => [
      signed(digest, good, key, provenance, { type: 'text/plain' }),
    ]),
    attack('an attestation whose condition is false', 'built by whom the policy names', digest => [
      signed(digest, { ...good, builder: { id: 'https://elsewhere.invalid' } }),
    ]),
    attack('an attestation without what a condition reads', 'cannot be evaluated', digest => [signed(digest, { builder: good.builder })]),
    attack('two attestations that meet one condition each', 'built by whom the policy names', digest => [
      signed(digest, { ...good, reviewed: false }),
      signed(digest, { ...good, builder: { id: 'https://elsewhere.invalid' } }),
    ]),
    attack(
      'an attestation that meets the conditions, by another key, beside one that does not',
      'built by whom the policy names',
      digest => [signed(digest, good, other), signed(digest, { ...good, builder: { id: 'https://elsewhere.invalid' } })],
    ),
  ]
  const conditions = [
    { expression: 'predicate.builder.id.startsWith("https://builder.invalid/")', message: 'it must be built by whom the policy names' },
    { expression: 'predicate.reviewed == true' },
    { expression: 'image.digest.startsWith("sha256:") && subject.size() == 1' },
  ]
  return {
    name: 'attested',
    trustRoot: { keys: [{ name: 'builder', publicKey: key.publicKey }] },
    verify: trustRoot => ({
      anyOf: [{ key: { trustRoot, name: 'builder' }, signature: 'Optional', attestations: [{ predicateType: provenance, conditions }] }],
    }),
    twin: digest => [signed(digest)],
    attacks,
  }
}
