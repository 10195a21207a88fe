// What the part needs of the libraries that fetch images and verify signatures; the composition supplies it.
import type { ClusterImagePolicy, ImagePolicy, TrustRoot } from '../api/types/supply-v1.ts'
import type { Digest } from '../supply-chain/oci/digest.ts'
import type { ImageSource } from '../supply-chain/oci/image-source.ts'
import type { PullCredential } from '../supply-chain/policy/image-question.ts'

export interface Registries {
  /** `repository` is `registry/path`. Credentials are those for this repository; the first that the registry accepts counts. */
  open(repository: string, credentials: readonly PullCredential[]): ImageSource
}

export interface VerifiedImage {
  readonly repository: string
  readonly digest: Digest
}

export type PolicyVerdict =
  | { readonly holds: true; readonly identities: readonly string[]; readonly message: string }
  | { readonly holds: false; readonly message: string }

/** `Claims` is what was found with an image: data that is verified again whenever a policy or a trust root changes. */
export interface ImageVerifier<Claims> {
  collect(source: ImageSource, digest: Digest, signal: AbortSignal): Promise<Claims>
  /** Bytes, for the limit of what is kept. */
  sizeOf(claims: Claims): number
  /** Pure. `now` in milliseconds since the epoch. Signers who are not in `trustRoots` are nobody. */
  evaluate(
    policy: ImagePolicy | ClusterImagePolicy,
    trustRoots: ReadonlyMap<string, TrustRoot>,
    image: VerifiedImage,
    claims: Claims,
    now: number,
  ): PolicyVerdict
}
