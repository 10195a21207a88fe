// What the part needs of the libraries that fetch images and verify signatures; the composition supplies it.
import type { ClusterImagePolicy, ImagePolicy } from '../api/types/supply-v1.ts'
import type { Digest } from '../supply-chain/oci/digest.ts'
import type { ImageSource } from '../supply-chain/oci/image-source.ts'
import type { Provenance } from '../supply-chain/policy/attested-provenance.ts'
import type { PullCredential } from '../supply-chain/policy/image-question.ts'
import type { KnownTrustRoot } from './trust/known-trust-roots.ts'

export interface Registries {
  /** `repository` is `registry/path`. Credentials are those for this repository; the first that the registry accepts counts. */
  open(repository: string, credentials: readonly PullCredential[]): ImageSource
  /** The tags of a repository; the first credential counts. Default: none are listed. */
  tags?(repository: string, credentials: readonly PullCredential[], signal: AbortSignal): Promise<readonly string[]>
}

export interface VerifiedImage {
  readonly repository: string
  readonly digest: Digest
}

export interface PolicyVerdict {
  /** `Unverified`: the policies allow the image, and none of them requires a signer. */
  readonly verdict: 'Verified' | 'Unverified' | 'Refused'
  /** Whom the policies required and found. */
  readonly identities: readonly string[]
  /** Why it is refused, or what a policy with `onFailure: Warn` found; may be empty. */
  readonly message: string
}

/** `Claims` is what was found with an image: data that is verified again whenever a policy or a trust root changes. */
export interface ImageVerifier<Claims> {
  collect(source: ImageSource, digest: Digest, signal: AbortSignal): Promise<Claims>
  /** Bytes, for the limit of what is kept. */
  sizeOf(claims: Claims): number
  /** As JSON, to be kept on disk. */
  store(claims: Claims): unknown
  /** What store() returned. Throws a UserError if it was changed, or is of another image than `digest`. */
  restore(value: unknown, digest: string): Claims
  /**
   * Pure. All policies must hold. `now` in milliseconds since the epoch. Signers who are not in `trustRoots` are nobody. Throws a UserError
   * for a policy that cannot be read.
   */
  evaluate(
    policies: readonly (ImagePolicy | ClusterImagePolicy)[],
    trustRoots: ReadonlyMap<string, KnownTrustRoot>,
    image: VerifiedImage,
    claims: Claims,
    now: number,
  ): PolicyVerdict
  /** A bill of materials among the claims that somebody signed whom the policies require; undefined if there is none. Default: there is none. */
  attestedSbom?(
    policies: readonly (ImagePolicy | ClusterImagePolicy)[],
    trustRoots: ReadonlyMap<string, KnownTrustRoot>,
    image: VerifiedImage,
    claims: Claims,
    now: number,
  ): unknown
  /** Documents of VEX among the claims that somebody signed whom the policies require. Default: there are none. */
  attestedVex?(
    policies: readonly (ImagePolicy | ClusterImagePolicy)[],
    trustRoots: ReadonlyMap<string, KnownTrustRoot>,
    image: VerifiedImage,
    claims: Claims,
    now: number,
  ): readonly unknown[]
  /** Provenance among the claims that somebody attested whom the policies require. Default: there is none. */
  attestedProvenance?(
    policies: readonly (ImagePolicy | ClusterImagePolicy)[],
    trustRoots: ReadonlyMap<string, KnownTrustRoot>,
    image: VerifiedImage,
    claims: Claims,
    now: number,
  ): readonly Provenance[]
}
