// Documents of VEX that signers attested whom policies require: which findings do not concern the image. Pure.
import { isJsonObject } from '../../base/json.ts'
import { newestVersions } from '../advisories/vex/document-version.ts'
import type { TrustRoot } from '../signatures/trust-root.ts'
import { attestedPredicates } from './attested-predicates.ts'
import type { ImageFacts } from './evaluate-image-policies.ts'
import type { CompiledPolicy } from './parse-image-policy.ts'

/** `cosign attest --type openvex`; a version may follow. */
const openvex = 'https://openvex.dev/ns'
/** `cosign attest --type cyclonedx`: a bill of materials, with or without statements. */
const cyclonedx = 'https://cyclonedx.org/bom'
/** For one image. With more of them none counts: what is left out could take back what another one says. */
export const maxVexDocuments = 20

/** The predicates that verify, have statements, and no newer version. `policies` are those that match the image. */
export function attestedVex(
  policies: readonly CompiledPolicy[],
  facts: Pick<ImageFacts, 'claims' | 'digest'>,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): readonly unknown[] {
  const isWanted = (type: string): boolean => type === cyclonedx || type === openvex || type.startsWith(`${openvex}/`)
  const documents = newestVersions([...attestedPredicates(policies, facts, trustRoots, now, isWanted)].filter(hasStatements))
  return documents.length > maxVexDocuments ? [] : documents
}

const hasStatements = (predicate: unknown): boolean =>
  isJsonObject(predicate) && (Array.isArray(predicate['statements']) || Array.isArray(predicate['vulnerabilities']))
