// A bill of materials that a signer attested whom policies require. Pure.
import type { TrustRoot } from '../signatures/trust-root.ts'
import type { ImageFacts } from './evaluate-image-policies.ts'
import { SignatureChecks } from './evaluate-signer.ts'
import type { CompiledPolicy } from './parse-image-policy.ts'

/** As cosign writes them (`cosign attest --type cyclonedx`, `--type spdxjson`). */
const predicateTypes: readonly string[] = ['https://cyclonedx.org/bom', 'https://spdx.dev/Document']

/** The predicate of the first one that verifies. `policies` are those that match the image. */
export function attestedSbom(
  policies: readonly CompiledPolicy[],
  { claims, digest }: Pick<ImageFacts, 'claims' | 'digest'>,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): unknown {
  if (typeof claims === 'string') return undefined
  const checks = new SignatureChecks(trustRoots, now)
  const signers = policies.flatMap(policy => policy.signers)
  for (const claim of claims.readable) {
    const { statement } = claim
    if (statement.kind !== 'attestation' || !predicateTypes.includes(statement.predicateType)) continue
    if (!statement.digests.includes(digest)) continue
    if (signers.some(({ identity }) => checks.verify(claim, identity).verified)) return statement.predicate
  }
  return undefined
}
