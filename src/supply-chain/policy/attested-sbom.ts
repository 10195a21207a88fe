// A bill of materials that a signer attested whom policies require. Pure.
import type { TrustRoot } from '../signatures/trust-root.ts'
import { attestedPredicates } from './attested-predicates.ts'
import type { ImageFacts } from './evaluate-image-policies.ts'
import type { CompiledPolicy } from './parse-image-policy.ts'

/** As cosign writes them (`cosign attest --type cyclonedx`, `--type spdxjson`). */
const predicateTypes: readonly string[] = ['https://cyclonedx.org/bom', 'https://spdx.dev/Document']

/** The predicate of the first one that verifies. `policies` are those that match the image. */
export function attestedSbom(
  policies: readonly CompiledPolicy[],
  facts: Pick<ImageFacts, 'claims' | 'digest'>,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): unknown {
  return attestedPredicates(policies, facts, trustRoots, now, type => predicateTypes.includes(type)).next().value
}
