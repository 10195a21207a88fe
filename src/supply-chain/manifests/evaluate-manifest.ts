// Whether somebody whom a policy names has signed an object, and whether the object is what they signed.
import { ConditionBudget } from '../policy/condition.ts'
import { evaluateSigner, SignatureChecks } from '../policy/evaluate-signer.ts'
import type { TrustRoot } from '../signatures/trust-root.ts'
import type { CompiledManifestPolicy } from './parse-manifest-policy.ts'
import type { SignedManifest } from './read-signed-manifest.ts'
import { manifestName } from './signed-manifest.ts'

/** Why the policy does not hold; undefined if it does. `now` in milliseconds since the epoch. */
export function unmetManifestPolicy(
  { mode, signers }: Pick<CompiledManifestPolicy, 'mode' | 'signers'>,
  { digest, object, claims }: SignedManifest,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): string | undefined {
  const checks = new SignatureChecks(trustRoots, now)
  const budget = new ConditionBudget()
  const facts = { tool: 'bulkhead', repository: manifestName(object), digest, claims: { digest, readable: claims, unreadable: [] } }
  const results = signers.map(signer => evaluateSigner(signer, facts, checks, budget))
  const problems = results.flatMap(result => (result.met ? [] : [result.problem]))
  if (problems.length === 0 || (mode === 'anyOf' && problems.length < results.length)) return undefined
  return problems.length > 1 && mode === 'anyOf' ? `one of these must hold: ${problems.join(', or ')}` : problems.join('; ')
}
