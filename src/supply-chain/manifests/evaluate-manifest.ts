// Whether somebody whom a policy names has signed an object, and whether the object is what they signed.
import { ConditionBudget } from '../policy/condition.ts'
import { evaluateSigner, SignatureChecks } from '../policy/evaluate-signer.ts'
import type { TrustRoot } from '../signatures/trust-root.ts'
import type { CompiledManifestPolicy } from './parse-manifest-policy.ts'
import type { SignedManifest } from './read-signed-manifest.ts'
import { manifestName } from './signed-manifest.ts'

/** Why the policy does not hold; undefined if it does. `now` in milliseconds since the epoch. */
export function unmetManifestPolicy(
  { mode, signers, signedAfter }: Pick<CompiledManifestPolicy, 'mode' | 'signers' | 'signedAfter'>,
  { digest, object, claims, signedAt }: SignedManifest,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): string | undefined {
  if (signedAfter !== undefined && (signedAt ?? 0) < signedAfter)
    return `it was signed ${timeText(signedAt)}, and must have been after ${timeText(signedAfter)} (spec.signedAfter)`
  if (signedAt !== undefined && signedAt > now + maxClockSkewMs)
    return `it was signed ${timeText(signedAt)}, which is in the future: the clock of the signer, or of this machine, is wrong`
  const checks = new SignatureChecks(trustRoots, now)
  const budget = new ConditionBudget()
  const facts = { tool: 'bulkhead', repository: manifestName(object), digest, claims: { digest, readable: claims, unreadable: [] } }
  const results = signers.map(signer => evaluateSigner(signer, facts, checks, budget))
  const problems = results.flatMap(result => (result.met ? [] : [result.problem]))
  if (problems.length === 0 || (mode === 'anyOf' && problems.length < results.length)) return undefined
  return problems.length > 1 && mode === 'anyOf' ? `one of these must hold: ${problems.join(', or ')}` : problems.join('; ')
}

/** How far ahead of our clock a signer's may be. A time in the far future would refuse all later signatures. */
export const maxClockSkewMs = 300_000

/**
 * Why the manifest is a rollback of what is stored; undefined if it is not. Whoever may write an object may have an older manifest of it, whose signature
 * holds; who wants it back signs it again.
 */
export function manifestRollback(
  { signedAt }: Pick<SignedManifest, 'signedAt'>,
  stored: Pick<SignedManifest, 'signedAt'> | undefined,
): string | undefined {
  if (stored?.signedAt === undefined || (signedAt ?? 0) >= stored.signedAt) return undefined
  return `it was signed ${timeText(signedAt)}, and what is stored ${timeText(stored.signedAt)}: it is older; would pass: the same manifest, signed again with "bulkhead sign"`
}

const timeText = (time: number | undefined): string => (time === undefined ? 'at an unknown time' : new Date(time).toISOString())
