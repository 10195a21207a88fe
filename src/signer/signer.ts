// The key holder: whoever needs a private key operation asks here. In its own process over a unix socket, or in-process for tests.

/** Which certificate authority; each has its own key, so that one kind of certificate is never taken for another. */
export type AuthorityName = 'client' | 'serving' | 'front-proxy'

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
  /** Signs the head of the audit log (a SHA-256 digest); Ed25519. */
  signAuditHead(digest: Buffer, signal: AbortSignal): Promise<{ readonly keyId: string; readonly signature: Buffer }>
  auditKey(signal: AbortSignal): Promise<{ readonly keyId: string; readonly publicKey: string }>
}
