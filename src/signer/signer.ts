// The key holder: whoever needs a private key operation asks here. In its own process over a unix socket, or in-process for tests.

/** Which certificate authority; each has its own key, so that one kind of certificate is never taken for another. */
export type AuthorityName = 'client' | 'serving' | 'front-proxy' | 'kubelet-serving'

/** A serving or client certificate's content, set by policy and not by the CSR: the CSR only proves the key. */
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
  /** The newest head that was signed: a log that does not reach it has lost records. Undefined where none was. */
  readonly signedHead: AuditHead | undefined
}

/** The end of the server's store: its newest revision, and a digest that is bound to everything before. */
export interface StoreHead {
  readonly revision: number
  readonly digest: Buffer
}

export interface Signer extends AsyncDisposable {
  /** PEM of the authority's certificate(s), newest first. */
  authority(name: AuthorityName, signal: AbortSignal): Promise<string>
  /** PEM of the leaf. Rejects with the policy rule that it breaks. */
  issueCertificate(request: CertificateRequest, signal: AbortSignal): Promise<string>
  tokenKeys(signal: AbortSignal): Promise<readonly TokenKey[]>
  /** A compact JWS over these claims with the current ServiceAccount key. */
  signToken(claims: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string>
  wrapKey(key: Buffer, signal: AbortSignal): Promise<{ readonly id: string; readonly wrapped: Buffer }>
  unwrapKey(wrapped: Buffer, signal: AbortSignal): Promise<Buffer>
  /** Signs the digest of the head; Ed25519. Rejects for a head that does not come after the one that it signed before: no log goes back. */
  signAuditHead(head: AuditHead, signal: AbortSignal): Promise<{ readonly keyId: string; readonly signature: Buffer }>
  /** Remembers it durably. Rejects for a revision before the one that it remembers: no store goes back. */
  keepStoreHead(head: StoreHead, signal: AbortSignal): Promise<void>
  /** The newest one; undefined where there is none yet. */
  storeHead(signal: AbortSignal): Promise<StoreHead | undefined>
  /** What an audit log is checked against. */
  auditKey(signal: AbortSignal): Promise<AuditLogKey>
}
