// Signatures with short-lived certificates that a policy must not accept: each has one thing wrong.
import { statementText } from '../../oracles/attestation.ts'
import { type KeylessFlaw, OracleSigstore } from '../../oracles/sigstore.ts'
import type { SignatureAttack, SignatureAttacks } from './signed-images.ts'

const signature = 'https://sigstore.dev/cosign/sign/v1'
const subject = 'https://git.example.invalid/shop/web/release.yaml@refs/heads/main'
const issuer = 'https://issuer.example.invalid'
const serverAuthentication = '1.3.6.1.5.5.7.3.1'
const minute = 60_000

export async function keylessAttacks(now: number): Promise<SignatureAttacks> {
  const [sigstore, other] = await Promise.all([OracleSigstore.create(now), OracleSigstore.create(now)])
  const signed = async (digest: string, flaw: KeylessFlaw = {}): Promise<readonly object[]> => [
    await sigstore.bundle(statementText(digest, signature, {}), subject, issuer, flaw),
  ]
  const attack = (name: string, names: string, flaw: KeylessFlaw): SignatureAttack => ({
    name: `a keyless signature ${name}`,
    names,
    attached: digest => signed(digest, flaw),
  })
  const attacks: readonly SignatureAttack[] = [
    attack('of another identity', 'its signer is "https://git.example.invalid/other"', { subject: 'https://git.example.invalid/other' }),
    attack('of another issuer', 'is of the issuer "https://other.invalid"', { issuer: 'https://other.invalid' }),
    attack('whose certificate had expired when it was logged', 'Failed to verify certificate chain', {
      valid: { from: -20 * minute, to: -10 * minute },
    }),
    attack('whose certificate was not valid yet when it was logged', 'Failed to verify certificate chain', {
      valid: { from: 10 * minute, to: 20 * minute },
    }),
    attack('with a certificate of another authority', 'Failed to verify certificate chain', { authority: other }),
    attack('with a certificate for servers', 'its certificate is not for signing code', { usage: serverAuthentication }),
    attack('with a certificate that no log has seen', 'expected 1 SCTs, got 0', { certificateTimestamp: 'none' }),
    attack('with a certificate that another log has seen', 'SCT verification failed', { certificateTimestamp: 'by another log' }),
    attack('without a log entry', 'expected 1 timestamps, got 0', { logEntry: 'none' }),
    attack('without a proof of inclusion', 'it is no sigstore bundle', { logEntry: 'without a proof' }),
    attack('without a promise, so that nobody proves its time', 'expected 1 timestamps, got 0', { logEntry: 'without a promise' }),
    attack('with a promise by another key', 'inclusion promise could not be verified', { logEntry: 'promised by another key' }),
    attack('in the tree of another key', 'invalid checkpoint signature', { logEntry: 'in the tree of another key' }),
    attack('with a proof of another tree', 'calculated root hash does not match', { logEntry: 'in another tree' }),
    attack('with the log entry of another signature', 'tlog entry signature mismatch', { logEntry: 'of another signature' }),
    attack('with the log entry of another certificate', 'the log entry names another key', { logEntry: 'of another certificate' }),
    attack('by a key that is not in its certificate', 'signature verification failed', { signedByAnother: true }),
    {
      name: 'a keyless signature about another image',
      names: 'it is about another image',
      attached: () => signed(`sha256:${'2'.repeat(64)}`),
    },
  ]
  return {
    name: 'keyless',
    trustRoot: { sigstore: { trustedRoot: sigstore.trustedRoot } },
    verify: trustRoot => ({ anyOf: [{ keyless: { trustRoot, issuer, subject } }] }),
    twin: digest => signed(digest),
    attacks,
  }
}
