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

/** The Merkle tree of an audit log: the number of its records, and its RFC 6962 root. */
export interface AuditTree {
  readonly size: number
  readonly root: Buffer
}

/** The keys by which an audit log is verified, and the tree that it must reach. */
export interface AuditLogKeys {
  /** The log's key that never changes, by its id and as SPKI PEM. */
  readonly keyId: string
  readonly publicKey: string
  /** The name of the log in its checkpoints. */
  readonly origin: string
  /** The log's key, and the key that certified the first epoch, as verifiers of C2SP signed-note take them. */
  readonly logKey: string
  readonly rootKey: string
  /** The certificate of the current epoch (base/tlog/epoch-certificate.ts). */
  readonly epoch: string
  /** The newest signed checkpoint: a log that does not reach it has lost records. Undefined if none was signed. */
  readonly signed: (AuditTree & { readonly note: string }) | undefined
}

export interface SignedCheckpoint {
  /** C2SP tlog-checkpoint, signed by the log's key and by that of its epoch. */
  readonly note: string
  /** The certificate of the epoch that signs the next checkpoint: it must be in the log before. */
  readonly epoch: string
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

/** The request of a node for the key of one of its volumes; see `base/crypto/volume-key-request.ts`. */
export interface VolumeKeyRequest {
  readonly volume: string
  /** X25519, 32 bytes, made for this request. */
  readonly publicKey: Buffer
  /** PEM of the node's client certificate. */
  readonly certificate: string
  /** By the key of the certificate. */
  readonly signature: Buffer
}

/** The newest link of a backup target. */
export interface BackupHead {
  readonly number: number
  /** SHA-256 of its file in hexadecimal. */
  readonly digest: string
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
  /**
   * Signs a checkpoint of the audit log. `proof` is the RFC 6962 consistency proof from the tree that was signed before: one that does not
   * continue it is rejected, so that no log goes back or forks.
   */
  signAuditCheckpoint(tree: AuditTree, proof: readonly Buffer[], signal: AbortSignal): Promise<SignedCheckpoint>
  /** Stores the head durably. Rejects a revision before the stored one, so that no store goes back. */
  keepStoreHead(head: StoreHead, signal: AbortSignal): Promise<void>
  /** The newest head; undefined if there is none. */
  storeHead(signal: AbortSignal): Promise<StoreHead | undefined>
  /** For the verification of the audit log. */
  auditKey(signal: AbortSignal): Promise<AuditLogKeys>
  /** Signs an in-toto statement, the report of a run of proofs, as DSSE does, with Ed25519. */
  signEvidence(statement: Buffer, signal: AbortSignal): Promise<{ readonly keyId: string; readonly signature: Buffer }>
  /** Signs a link of a chain of backups with the key for evidence, as DSSE does. Rejects one that does not follow the remembered head. */
  signBackup(link: Buffer, signal: AbortSignal): Promise<{ readonly keyId: string; readonly signature: Buffer }>
  /** The remembered newest link of the target; undefined if there is none. */
  backupHead(target: string, signal: AbortSignal): Promise<BackupHead | undefined>
  /** Remembers a stored link durably. Rejects one before the remembered one. */
  keepBackupHead(target: string, head: BackupHead, signal: AbortSignal): Promise<void>
  /**
   * Its files as a pack (src/base/backup/seal-pack.ts) for the recipients of its settings, without the keys that sign the audit log; undefined
   * without files or recipients.
   */
  exportKeys(signal: AbortSignal): Promise<Buffer | undefined>
  /** The key for the verification of reports. */
  evidenceKey(signal: AbortSignal): Promise<EvidenceKey>
  /** Makes the key of a volume of this node, if it has none. Rejects if it belongs to another node. */
  makeVolumeKey(volume: string, node: string, signal: AbortSignal): Promise<void>
  /**
   * Gives a copy of a volume the key of its source, for the node of the source. Rejects if the source has no key, or the volume has one that is
   * not a copy of it.
   */
  copyVolumeKey(volume: string, source: string, signal: AbortSignal): Promise<void>
  /** The volume's key, sealed to the public key of the request. Rejects unless the node of the volume signed the request. */
  openVolumeKey(request: VolumeKeyRequest, signal: AbortSignal): Promise<Buffer>
  /** Destroys the volume's key, and with it what the volume holds. A missing key is success. */
  eraseVolumeKey(volume: string, signal: AbortSignal): Promise<void>
}
