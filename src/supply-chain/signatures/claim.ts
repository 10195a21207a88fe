// One signature or attestation as it was found with an image: what it says, and what proves who said it. Nothing of it is verified yet,
// except that its bytes have the digest by which the image's registry or layout names them.
import type { Bundle } from '@sigstore/bundle'
import type { Digest } from '../oci/digest.ts'
import type { Statement } from './statement.ts'

/** `cosign`: the tags `.sig` and `.att` of cosign up to 2. `bundle`: a sigstore bundle that refers to the image. */
export type ClaimFormat = 'cosign' | 'bundle'

export interface Claim {
  readonly format: ClaimFormat
  /** The blob in which it was found. */
  readonly origin: Digest
  readonly statement: Statement
  /** The bytes that are signed: a payload of simple signing, or DSSE's pre-authentication encoding. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** The certificate, log entries and timestamps. */
  readonly bundle: Bundle
}

/** A claim that cannot be read, with the reason. */
export interface UnreadableClaim {
  readonly format: ClaimFormat
  readonly origin: Digest
  readonly problem: string
}

export interface Claims {
  readonly digest: Digest
  readonly readable: readonly Claim[]
  readonly unreadable: readonly UnreadableClaim[]
}
