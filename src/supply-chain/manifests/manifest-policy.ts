// The `spec` of a ManifestPolicy and a ClusterManifestPolicy, as clients write it.
import type { OnFailure, VerifySpec } from '../policy/image-policy.ts'

/** A ManifestPolicy applies to objects of its namespace. If several match an object, all must hold. */
export interface ManifestPolicySpec {
  /** Which objects must be signed: `deployments.apps`, `configmaps`, `*.example.com`, or `*` for all. At least one. */
  readonly resources: readonly string[]
  /** Only of a ClusterManifestPolicy: the namespaces that it is for. Unset: all but those that begin with `kube-`, and objects without a namespace. */
  readonly namespaces?: readonly string[]
  /** Who must have signed the objects, and what else they must have signed of them. */
  readonly verify: VerifySpec
  /** Signatures from before this time do not count (RFC 3339): such as when a fixed manifest was signed. */
  readonly signedAfter?: string
  /** Default: Refuse. Warn admits the object, with a warning. */
  readonly onFailure?: OnFailure
}
