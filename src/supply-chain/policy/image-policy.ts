// What an ImagePolicy, a ClusterImagePolicy and a TrustRoot say: the `spec` of these kinds, as clients write it.
import type { Severity } from '../advisories/finding.ts'

/** An ImagePolicy applies to pods of its namespace, a ClusterImagePolicy to all. If several match an image, all must hold. */
export interface ImagePolicySpec {
  /**
   * Which images the policy is for: globs over `registry/repository`, such as `registry.example.com:5000/shop/**`. `*` stands for any text
   * without `/`, `**` for any text. `nginx` is `docker.io/library/nginx` here. At least one.
   */
  readonly images: readonly string[]
  /** Unset: signatures are recorded, and none is required. */
  readonly verify?: VerifySpec
  /** Default: Refuse. Warn admits the image, with a warning. */
  readonly onFailure?: OnFailure
  /** The highest severity of a finding that is accepted, apart from those with an Exception or a VEX statement. */
  readonly maxSeverity?: Severity
  /** How long ago the image may have been built (`created` of its configuration), as a Go duration such as `720h`. */
  readonly maxAge?: string
}

export type OnFailure = 'Refuse' | 'Warn'

/** Exactly one of the two, with at least one entry. */
export interface VerifySpec {
  /** One of them must be met. */
  readonly anyOf?: readonly SignerRequirement[]
  /** Each of them must be met. */
  readonly allOf?: readonly SignerRequirement[]
}

/** A signer, and what they must have signed. Exactly one of `key` and `keyless`. */
export interface SignerRequirement {
  readonly key?: KeySigner
  readonly keyless?: KeylessSigner
  /** Default: Required. Optional: the attestations suffice, as for images that have no signature but signed provenance. */
  readonly signature?: 'Required' | 'Optional'
  /** Each must be there, signed by this signer. */
  readonly attestations?: readonly AttestationRequirement[]
}

export interface KeySigner {
  /** The name of a TrustRoot. */
  readonly trustRoot: string
  /** The name of one of its keys. */
  readonly name: string
}

/** An identity in a short-lived certificate (Fulcio). Exactly one of `subject` and `subjectRegExp`. */
export interface KeylessSigner {
  /** The name of a TrustRoot that has `sigstore` or `tuf`. */
  readonly trustRoot: string
  /** The OIDC issuer in the certificate, exactly. */
  readonly issuer: string
  /** The subject alternative name (an email address or a URI), exactly. */
  readonly subject?: string
  /** An RE2 pattern that must match the whole name. */
  readonly subjectRegExp?: string
}

export interface AttestationRequirement {
  /** The predicate type of in-toto, a URI such as `https://slsa.dev/provenance/v1`, exactly. */
  readonly predicateType: string
  /** All must be true for one and the same attestation. */
  readonly conditions?: readonly AttestationCondition[]
}

export interface AttestationCondition {
  /** CEL, with the variables `predicate`, `subject` (of the statement) and `image` (`digest` and `repository`). */
  readonly expression: string
  /** Why it is required, for the message of a refusal. */
  readonly message?: string
}

/** Whom policies may trust. It contacts nobody, unless `tuf.url` says where to look for newer metadata. */
export interface TrustRootSpec {
  readonly keys?: readonly TrustedKey[]
  readonly sigstore?: SigstoreTrust
  readonly tuf?: TufTrust
  /** RFC 3339. The trust root is not used before. */
  readonly notBefore?: string
  /** RFC 3339. The trust root is not used after. */
  readonly notAfter?: string
  readonly revoked?: readonly Revocation[]
}

export interface TrustedKey {
  /** Unique in its trust root. */
  readonly name: string
  /** PEM (SPKI): ECDSA P-256 or P-384, Ed25519, RSA of at least 2048 bits. */
  readonly publicKey: string
  /** RFC 3339. */
  readonly notBefore?: string
  /** RFC 3339. */
  readonly notAfter?: string
}

export interface SigstoreTrust {
  /** The JSON object of sigstore's `trusted_root.json`: certificate authorities, logs, timestamp authorities, public or private. */
  readonly trustedRoot: Readonly<Record<string, unknown>>
  readonly thresholds?: SigstoreThresholds
}

/** How many different ones must have witnessed a keyless signature. Each trust root needs at least one log entry or timestamp. */
export interface SigstoreThresholds {
  /** Entries in a transparency log (Rekor). Default: 1 if the trusted root has a log, else 0. */
  readonly transparencyLogs?: number
  /** Signed certificate timestamps. Default: 1 if the trusted root has a certificate log, else 0. */
  readonly certificateLogs?: number
  /** Timestamps of RFC 3161. Default: 1 if the trusted root has no transparency log, else 0. */
  readonly timestamps?: number
}

/** Where newer trusted roots come from: a TUF repository, whose last accepted metadata the part `artifacts` keeps. */
export interface TufTrust {
  /** The JSON object of the first trusted `root.json`. */
  readonly root: Readonly<Record<string, unknown>>
  /** Target file that is the trusted root. Default: `trusted_root.json`. */
  readonly target?: string
  /** HTTPS. Unset: only `bulkhead trust import` brings newer metadata. */
  readonly url?: string
  /** PEM; unset for the system's authorities. */
  readonly authorities?: string
}

/** What no longer counts. At least one field; all that are set must apply. */
export interface Revocation {
  /** The name of a key of this trust root. */
  readonly key?: string
  readonly identity?: { readonly issuer?: string; readonly subject: string }
  /** RFC 3339: only signatures that were made before, and those without a proven time. */
  readonly before?: string
  /** For messages. */
  readonly reason?: string
}
