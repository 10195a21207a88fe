// The `spec` of a TrustRoot, as clients write it.

/** Whom policies may trust. It contacts nobody, unless `tuf.url` says where to look for newer metadata. */
export interface TrustRootSpec {
  /** Counts the versions of this trust root: an update may not lower it. */
  readonly version?: number
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
