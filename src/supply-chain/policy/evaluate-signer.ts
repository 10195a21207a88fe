// Whether an image has what a policy requires of one signer.
import { writeJson } from '../../base/write-json.ts'
import { environmentPredicate, environmentProblem } from '../environment/environment-predicate.ts'
import type { Claim } from '../signatures/claim.ts'
import type { TrustRoot } from '../signatures/trust-root.ts'
import { type ClaimVerdict, type VerifiedSigner, verifyByKey, verifyKeyless, whyNoneCounts } from '../signatures/verify-claim.ts'
import { type ConditionBudget, unmetCondition } from './condition.ts'
import type { ImageFacts } from './evaluate-image-policies.ts'
import type { CompiledAttestation, CompiledSigner, SignerIdentity } from './parse-image-policy.ts'

export type SignerResult = { readonly met: true; readonly signer: VerifiedSigner } | { readonly met: false; readonly problem: string }

/** Verifies each signature once for each key or authority, although several policies ask for it. */
export class SignatureChecks {
  readonly #trustRoots: ReadonlyMap<string, TrustRoot>
  readonly #now: number
  readonly #known = new Map<Claim, Map<string, ClaimVerdict>>()

  constructor(trustRoots: ReadonlyMap<string, TrustRoot>, now: number) {
    this.#trustRoots = trustRoots
    this.#now = now
  }

  /** Why no signature can pass now, if so. */
  hopeless(identity: SignerIdentity): string | undefined {
    const trustRoot = this.#trustRoots.get(identity.trustRoot)
    if (trustRoot === undefined) return `there is no trust root "${identity.trustRoot}"`
    return whyNoneCounts(trustRoot, identity.kind === 'key' ? { key: identity.name } : identity, this.#now)
  }

  verify(claim: Claim, identity: SignerIdentity): ClaimVerdict {
    const trustRoot = this.#trustRoots.get(identity.trustRoot)
    if (trustRoot === undefined) return { verified: false, reason: `there is no trust root "${identity.trustRoot}"` }
    const known = this.#known.get(claim) ?? new Map<string, ClaimVerdict>()
    this.#known.set(claim, known)
    const at = writeJson([trustRoot.name, identity.kind === 'key' ? identity.name : null])
    const verdict =
      known.get(at) ??
      (identity.kind === 'key' ? verifyByKey(claim, trustRoot, identity.name, this.#now) : verifyKeyless(claim, trustRoot, this.#now))
    known.set(at, verdict)
    if (!verdict.verified || identity.kind === 'key' || verdict.signer.kind === 'key') return verdict
    const { issuer, subject } = verdict.signer
    if (issuer !== identity.issuer) return { verified: false, reason: `its signer "${subject}" is of the issuer "${issuer}"` }
    return identity.matches(subject) ? verdict : { verified: false, reason: `its signer is "${subject}"` }
  }
}

export function evaluateSigner(
  { identity, needsSignature, attestations }: CompiledSigner,
  facts: ImageFacts,
  checks: SignatureChecks,
  budget: ConditionBudget,
): SignerResult {
  if (typeof facts.claims === 'string') return { met: false, problem: `its signatures cannot be read: ${facts.claims}` }
  const { readable, unreadable } = facts.claims
  const about = readable.filter(({ statement }) => statement.digests.includes(facts.digest))
  const reasons = [
    ...unreadable.map(({ problem }) => problem),
    ...readable.filter(claim => !about.includes(claim)).map(() => 'it is about another image'),
  ]
  let signer: VerifiedSigner | undefined
  if (needsSignature) {
    const signatures = about.filter(({ statement }) => statement.kind === 'signature')
    const found = firstVerified(signatures, claim => checks.verify(claim, identity))
    if (!found.verified)
      return {
        met: false,
        problem: missing(
          `no signature by ${shown(identity)}`,
          [...reasons, ...found.reasons],
          wouldPass(checks, identity, `${facts.tool ?? 'cosign'} sign`),
        ),
      }
    signer = found.signer
  }
  for (const attestation of attestations) {
    const found = firstVerified(about.filter(ofType(attestation)), claim =>
      verifyAttestation(claim, attestation, identity, facts, checks, budget),
    )
    if (!found.verified) {
      const what = `no attestation "${attestation.predicateType}" by ${shown(identity)}`
      return {
        met: false,
        problem: missing(
          what,
          [...reasons, ...found.reasons],
          wouldPass(checks, identity, `${facts.tool ?? 'cosign'} attest --type ${attestation.predicateType}`),
        ),
      }
    }
    signer ??= found.signer
  }
  return signer === undefined ? { met: false, problem: 'the policy requires nothing of the signer' } : { met: true, signer }
}

const ofType =
  ({ predicateType }: CompiledAttestation) =>
  ({ statement }: Claim): boolean =>
    statement.kind === 'attestation' && statement.predicateType === predicateType

/** The type of the predicate is the required one. */
function verifyAttestation(
  claim: Claim,
  { conditions }: CompiledAttestation,
  identity: SignerIdentity,
  { digest, repository }: ImageFacts,
  checks: SignatureChecks,
  budget: ConditionBudget,
): ClaimVerdict {
  const verdict = checks.verify(claim, identity)
  const { statement } = claim
  if (!verdict.verified || statement.kind === 'signature') return verdict
  const problem = statement.predicateType === environmentPredicate ? environmentProblem(statement.predicate) : undefined
  if (problem !== undefined) return { verified: false, reason: problem }
  const input = { predicate: statement.predicate, subject: statement.subject, image: { digest, repository } }
  for (const condition of conditions) {
    const problem = unmetCondition(condition, input, budget)
    if (problem !== undefined) return { verified: false, reason: problem }
  }
  return verdict
}

type Found =
  | { readonly verified: true; readonly signer: VerifiedSigner }
  | { readonly verified: false; readonly reasons: readonly string[] }

/** One that does not verify hides no other. */
function firstVerified(claims: readonly Claim[], verify: (claim: Claim) => ClaimVerdict): Found {
  const reasons: string[] = []
  for (const claim of claims) {
    const verdict = verify(claim)
    if (verdict.verified) return verdict
    reasons.push(verdict.reason)
  }
  return { verified: false, reasons }
}

/** Different reasons that a message has. */
const shownReasons = 5
const maxReasonLength = 300

/** `no signature by key "release" of trust root "team" (found: it is signed with … 3 times); would pass: cosign sign …` */
function missing(what: string, reasons: readonly string[], hint: string): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const all = [...counts].map(([reason, count]) => `${reason.slice(0, maxReasonLength)}${count > 1 ? `, ${count} times` : ''}`)
  const more = all.length > shownReasons ? [`${all.length - shownReasons} other reasons`] : []
  const found = all.length === 0 ? 'none found' : `found, but ${[...all.slice(0, shownReasons), ...more].join('; ')}`
  return `it has ${what} (${found}); ${hint}`
}

const shown = (identity: SignerIdentity): string =>
  identity.kind === 'key'
    ? `key "${identity.name}" of trust root "${identity.trustRoot}"`
    : `"${identity.shownSubject}" of issuer "${identity.issuer}" by trust root "${identity.trustRoot}"`

/** Nobody shall sign again what cannot pass. */
function wouldPass(checks: SignatureChecks, identity: SignerIdentity, command: string): string {
  const hopeless = checks.hopeless(identity)
  return hopeless === undefined ? `would pass: ${command} ${how(identity)}` : `no signature would pass: ${hopeless}`
}

const how = (identity: SignerIdentity): string =>
  identity.kind === 'key' ? `with key "${identity.name}"` : `without a key as "${identity.shownSubject}"`
