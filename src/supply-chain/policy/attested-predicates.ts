// What signers attested whom policies require: predicates of chosen types. Pure.
import type { TrustRoot } from '../signatures/trust-root.ts'
import type { ImageFacts } from './evaluate-image-policies.ts'
import { SignatureChecks } from './evaluate-signer.ts'
import type { CompiledPolicy } from './parse-image-policy.ts'

/** Each predicate that verifies, in the order of the claims. `policies` are those that match the image. */
export function* attestedPredicates(
  policies: readonly CompiledPolicy[],
  { claims, digest }: Pick<ImageFacts, 'claims' | 'digest'>,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
  isWanted: (predicateType: string) => boolean,
): Generator<unknown> {
  if (typeof claims === 'string') return
  const checks = new SignatureChecks(trustRoots, now)
  const signers = policies.flatMap(policy => policy.signers)
  for (const claim of claims.readable) {
    const { statement } = claim
    if (statement.kind !== 'attestation' || !isWanted(statement.predicateType) || !statement.digests.includes(digest)) continue
    if (signers.some(({ identity }) => checks.verify(claim, identity).verified)) yield statement.predicate
  }
}
