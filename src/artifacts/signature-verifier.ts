// Signatures and attestations of an image, collected from its registry and evaluated by policies and trust roots.
import type { KubeObject } from '../api/object.ts'
import { isJsonObject } from '../base/json.ts'
import { UserError } from '../base/user-error.ts'
import type { Digest } from '../supply-chain/oci/digest.ts'
import { imageCreated } from '../supply-chain/oci/image-created.ts'
import type { ImageSource } from '../supply-chain/oci/image-source.ts'
import { attestedProvenance } from '../supply-chain/policy/attested-provenance.ts'
import { attestedSbom } from '../supply-chain/policy/attested-sbom.ts'
import { attestedVex } from '../supply-chain/policy/attested-vex.ts'
import { evaluateImagePolicies } from '../supply-chain/policy/evaluate-image-policies.ts'
import { type CompiledPolicy, parseImagePolicy } from '../supply-chain/policy/parse-image-policy.ts'
import type { Claims } from '../supply-chain/signatures/claim.ts'
import { collectClaims } from '../supply-chain/signatures/collect-claims.ts'
import { readStoredClaims, storeClaims } from '../supply-chain/signatures/stored-claims.ts'
import { parseTrustRoot, type TrustRoot, unusableTrustRoot } from '../supply-chain/signatures/trust-root.ts'
import type { VerifiedSigner } from '../supply-chain/signatures/verify-claim.ts'
import type { ImageVerifier } from './image-verifier.ts'
import type { AnyPolicy } from './policy-state.ts'
import type { KnownTrustRoot } from './trust/known-trust-roots.ts'

/** Parsed objects have several times the bytes that they were parsed from. */
const sizeFactor = 4

/** What policies look at. */
export interface ImageFacts {
  readonly claims: Claims
  /** When the image was built, in milliseconds since the epoch. */
  readonly created?: number
}

export const signatureVerifier: ImageVerifier<ImageFacts> = {
  async collect(source, digest, signal) {
    const [claims, created] = await Promise.all([collectClaims(source, digest, signal), createdOf(source, digest, signal)])
    return { claims, ...(created === undefined ? {} : { created }) }
  },
  sizeOf: ({ claims: { readable, unreadable } }) =>
    sizeFactor *
    readable.reduce((sum, { signed, signature }) => sum + signed.length + signature.length, 1024 * (readable.length + unreadable.length)),
  store: ({ claims, created }) => ({ claims: storeClaims(claims), ...(created === undefined ? {} : { created }) }),
  restore(value, digest) {
    const { claims, created } = isJsonObject(value) ? value : {}
    const restored = readStoredClaims(claims, 'claims')
    if (restored.digest !== digest) throw new UserError('its signatures are of another image')
    return { claims: restored, ...(typeof created === 'number' ? { created } : {}) }
  },
  evaluate(policies, trustRoots, { repository, digest }, facts, now) {
    const decision = evaluateImagePolicies(policies.map(compiledPolicy), { repository, digest, ...facts }, usable(trustRoots), now)
    if (!decision.allowed) return { verdict: 'Refused', identities: [], message: decision.message }
    const identities = [...new Set(decision.outcomes.flatMap(({ signers }) => signers.map(titleOf)))]
    return { verdict: identities.length === 0 ? 'Unverified' : 'Verified', identities, message: decision.warnings.join('; ') }
  },
  attestedSbom: (policies, trustRoots, { digest }, { claims }, now) =>
    attestedSbom(policies.map(compiledPolicy), { claims, digest }, usable(trustRoots), now),
  attestedVex: (policies, trustRoots, { digest }, { claims }, now) =>
    attestedVex(policies.map(compiledPolicy), { claims, digest }, usable(trustRoots), now),
  attestedProvenance: (policies, trustRoots, { digest }, { claims }, now) =>
    attestedProvenance(policies.map(compiledPolicy), { claims, digest }, usable(trustRoots), now),
}

/** An image without a readable configuration for this platform is refused by policies with `maxAge`, and only by these. */
async function createdOf(source: ImageSource, digest: Digest, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await imageCreated(source, digest, signal)
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}

const titleOf = (signer: VerifiedSigner): string =>
  signer.kind === 'key'
    ? `key "${signer.key}" of trust root "${signer.trustRoot}"`
    : `"${signer.subject}" of ${signer.issuer} by trust root "${signer.trustRoot}"`

const policies = new WeakMap<KubeObject, CompiledPolicy>()
const roots = new WeakMap<KubeObject, { readonly of: KnownTrustRoot; readonly parsed: TrustRoot }>()

/** Objects of informers are frozen, and a changed one is another object. Throws a UserError that names the field. */
function compiledPolicy(policy: AnyPolicy): CompiledPolicy {
  const { name = '', namespace } = policy.metadata
  // Findings are evaluated apart, when a pod is admitted: a container that runs already may start again.
  const { maxSeverity: _, dueDates: __, ...spec } = policy.spec
  const known = policies.get(policy) ?? parseImagePolicy(name, namespace, spec)
  policies.set(policy, known)
  return known
}

function usable(all: ReadonlyMap<string, KnownTrustRoot>): ReadonlyMap<string, TrustRoot> {
  return new Map([...all].map(([name, root]) => [name, parsedRoot(name, root)]))
}

function parsedRoot(name: string, root: KnownTrustRoot): TrustRoot {
  const known = roots.get(root.object)
  if (known !== undefined && known.of.tuf === root.tuf && known.of.unusable === root.unusable) return known.parsed
  const parsed = readTrustRoot(name, root)
  roots.set(root.object, { of: root, parsed })
  return parsed
}

/** Of a trust root that cannot be read nothing counts. */
function readTrustRoot(name: string, { object: { spec }, tuf, unusable }: KnownTrustRoot): TrustRoot {
  if (unusable !== undefined) return unusableTrustRoot(name, unusable)
  try {
    return parseTrustRoot(name, spec, tuf)
  } catch (err) {
    if (err instanceof UserError) return unusableTrustRoot(name, err.message)
    throw err
  }
}
