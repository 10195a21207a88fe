// The interface to private keys: in a separate process over a unix socket, or in-process for tests.

/** The certificate authorities. Each has its own key, so that one kind of certificate can never pass for another. */
export type AuthorityName = 'client' | 'serving' | 'front-proxy' | 'kubelet-serving' | 'registry' | 'etcd'

/** Content of a certificate, set by policy and not by the CSR: the CSR only proves possession of the key. */
export interface CertificateRequest {
  readonly authority: AuthorityName
  /** PKCS#10 DER; its signature proves possession of the key. */
  readonly csr: Buffer
  readonly commonName: string
  /** Groups of a client certificate. */
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly lifetimeSeconds: number
}

export interface TokenKey {
  readonly keyId: string
  readonly algorithm: 'ES256'
  /** SPKI PEM. */
  readonly publicKey: string
}

/** The newest batch of an audit log: its number, counted from 1 over all files, and the SHA-256 digest of its seal. */
export interface AuditHead {
  readonly sequence: number
  readonly digest: Buffer
}

export interface AuditLogKey {
  readonly keyId: string
  /** SPKI PEM. */
  readonly publicKey: string
  /** The newest signed head: a log that does not reach it has lost records. Undefined if none was signed. */
  readonly signedHead: AuditHead | undefined
}

export interface EvidenceKey {
  readonly keyId: string
  /** SPKI PEM, Ed25519. */
  readonly publicKey: string
}

/** The end of the server's store: its newest revision, and a digest over everything before it. */
export interface StoreHead {
  readonly revision: number
  readonly digest: Buffer
}

export interface Signer extends AsyncDisposable {
  /** PEM of the authority's certificate(s), newest first. */
  authority(name: AuthorityName, signal: AbortSignal): Promise<string>
  /** PEM certificates of the authority, newest first. */
  issueCertificate(request: CertificateRequest, signal: AbortSignal): Promise<string>
  tokenKeys(signal: AbortSignal): Promise<readonly TokenKey[]>
  /** A compact JWS of these claims with the current ServiceAccount key. */
  signToken(claims: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string>
  wrapKey(key: Buffer, signal: AbortSignal): Promise<{ readonly id: string; readonly wrapped: Buffer }>
  unwrapKey(wrapped: Buffer, signal: AbortSignal): Promise<Buffer>
  /** Signs the digest of the head with Ed25519. Rejects a head that does not follow the one signed before, so that no log goes back. */
  signAuditHead(head: AuditHead, signal: AbortSignal): Promise<{ readonly keyId: string; readonly signature: Buffer }>
  /** Stores the head durably. Rejects a revision before the stored one, so that no store goes back. */
  keepStoreHead(head: StoreHead, signal: AbortSignal): Promise<void>
  /** The newest head; undefined if there is none. */
  storeHead(signal: AbortSignal): Promise<StoreHead | undefined>
  /** The key and head for the verification of an audit log. */
  auditKey(signal: AbortSignal): Promise<AuditLogKey>
  /** Signs an in-toto statement, the report of a run of proofs, as DSSE does, with Ed25519. */
  signEvidence(statement: Buffer, signal: AbortSignal): Promise<{ readonly keyId: string; readonly signature: Buffer }>
  /** The key for the verification of reports. */
  evidenceKey(signal: AbortSignal): Promise<EvidenceKey>
}
