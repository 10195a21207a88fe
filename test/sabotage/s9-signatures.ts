// Sabotage of what is verified of signatures and attestations.
import type { Sabotage } from './sabotage.ts'

const evaluate = 'src/supply-chain/policy/evaluate-signer.ts'
const verify = 'src/supply-chain/signatures/verify-claim.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S9' })

export const s9: readonly Sabotage[] = [
  sabotage(
    'an attestation may have any type',
    evaluate,
    "statement.kind === 'attestation' && statement.predicateType === predicateType",
    "statement.kind === 'attestation' && predicateType !== ''",
  ),
  sabotage(
    'a signature may be about any image',
    evaluate,
    'readable.filter(({ statement }) => statement.digests.includes(facts.digest))',
    'readable.filter(({ statement }) => statement.digests.length > 0)',
  ),
  sabotage(
    'conditions are evaluated and nothing follows',
    evaluate,
    'const problem = unmetCondition(condition, input, budget)',
    "const problem = unmetCondition(condition, input, budget) === '' ? '' : undefined",
  ),
  sabotage('a certificate may be of any issuer', evaluate, 'if (issuer !== identity.issuer) return', "if (issuer === '') return"),
  sabotage('a certificate may be for anybody', evaluate, 'return identity.matches(subject) ? verdict', "return subject !== '' ? verdict"),
  sabotage(
    'what a key has signed is not verified',
    verify,
    'if (!signatureHolds(key, claim.signed, claim.signature)) return refused',
    'if (claim.signature.length === 0) return refused',
  ),
  sabotage(
    'a certificate may be for anything',
    verify,
    'if (leaf === undefined || !(leaf.keyUsage ?? []).includes(codeSigning))',
    'if (leaf === undefined)',
  ),
  sabotage(
    'the key that a log has noted is not compared',
    verify,
    'requireLoggedKey(entity.tlogEntries, leaf.publicKey)',
    'requireLoggedKey([], leaf.publicKey)',
  ),
  sabotage('certificates need no log', verify, 'ctlogThreshold: thresholds.certificateLogs,', 'ctlogThreshold: 0,'),
  sabotage(
    'an envelope may hold any type of payload',
    'src/supply-chain/signatures/parse-bundle.ts',
    'if (payloadType !== statementType) throw',
    "if (payloadType === '') throw",
  ),
]
