// The private keys of a cluster, where proofs may read them: with these alone an attack comes so near to a genuine credential that it breaks exactly one rule.
import type { KeyObject } from 'node:crypto'

export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string
  readonly key: KeyObject
}

export interface ClusterKeys {
  /** The authority that client certificates are verified with. */
  readonly client: CertificateAuthority
  /** Authorities of the cluster that no client certificate may come from, by name. */
  readonly others: Readonly<Record<string, CertificateAuthority>>
  /** The key of ServiceAccount tokens. */
  readonly token: KeyObject
}
