// The `spec` of an ImagePolicy and a ClusterImagePolicy, as clients write it.
import type { DaysBySeverity } from '../advisories/due-dates.ts'
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
  /** Findings above `maxSeverity` are accepted until their date. The cluster evaluates it, which knows since when each finding is known. */
  readonly dueDates?: DueDatesSpec
  /** How long ago the image may have been built (`created` of its configuration), as a Go duration such as `720h`. */
  readonly maxAge?: string
}

/** Days from when the cluster first knew of a finding, or of its fix. What is unset is as in `defaultDueDates`; 0 to 3650. */
export interface DueDatesSpec {
  readonly internal?: DaysBySeverity
  /** For pods that a Service of type NodePort or LoadBalancer, or an Ingress, leads to. */
  readonly exposed?: DaysBySeverity
  /** Of vulnerabilities that are known to be exploited, or probably will be. */
  readonly exploited?: number
  /** So many days before the date a warning is sent. */
  readonly warning?: number
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
