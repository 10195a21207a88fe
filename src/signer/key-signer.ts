// A signer with keys in memory; the file back end and tests use it.
import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { linkPayloadType } from '../base/backup/backup-link.ts'
import type { Clock } from '../base/clock.ts'
import { preAuthEncoding, statementType } from '../base/dsse.ts'
import { type BackupHeads, requireNext, withHead } from './backup-heads.ts'
import { type Issuer, issueLeaf, makeAuthorityCertificate, openIssuer } from './certificate.ts'
import { type AuthorityKey, authorityNames, type KeyMaterial, keyIdOf, publicPem } from './key-material.ts'
import { encryptionKeyId, unwrapKey, wrapKey } from './key-wrap.ts'
import type { AuditHead, AuthorityName, Signer, StoreHead } from './signer.ts'
import type { StoredHead } from './stored-head.ts'

const signAsync = promisify((key: KeyObject, data: Buffer, done: (err: Error | null, signature: Buffer) => void) =>
  sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, done),
)

/** What a signer keeps across restarts. */
export interface SignerMemory {
  readonly auditHead: StoredHead<AuditHead>
  readonly storeHead: StoredHead<StoreHead>
  readonly backupHeads: StoredHead<BackupHeads>
  /** See `Signer.exportKeys`. */
  exportKeys?(): Promise<Buffer>
}

/** A signer without a policy: `serveSigner` adds one for other processes. Without a memory it knows only heads of its own lifetime. */
export function createKeySigner(keys: KeyMaterial, clock: Clock, memory?: SignerMemory): Signer {
  const [tokenKey] = keys.tokenKeys
  const [encryptionKey] = keys.encryptionKeys
  if (tokenKey === undefined || encryptionKey === undefined)
    throw new Error('Cannot sign: the key set has no token key or no key-encryption key')
  const tokenKeys = keys.tokenKeys.map(key => ({ keyId: keyIdOf(key), algorithm: 'ES256', publicKey: publicPem(key) }) as const)
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: tokenKeys[0]?.keyId, typ: 'JWT' })).toString('base64url')
  const auditKeyId = keyIdOf(keys.auditKey)
  let signedHead = memory?.auditHead.newest
  let storeHead = memory?.storeHead.newest
  let backupHeads: BackupHeads = memory?.backupHeads.newest ?? new Map()
  const pending = new Map<AuthorityName, Promise<string>>()

  const certificateOf = (name: AuthorityName): Promise<string> => {
    const authority = keys.authorities[name]
    if (authority.certificate !== undefined) return Promise.resolve(authority.certificate)
    const known = pending.get(name)
    if (known !== undefined) return known
    const made = ensureCertificate(name, authority, clock.now())
    pending.set(name, made)
    return made
  }

  const issuers = new Map<AuthorityName, Promise<Issuer>>()
  const issuerOf = (name: AuthorityName): Promise<Issuer> => {
    let issuer = issuers.get(name)
    if (issuer === undefined) {
      issuer = certificateOf(name).then(certificate => openIssuer(name, keys.authorities[name].privateKey, certificate))
      issuers.set(name, issuer)
    }
    return issuer
  }

  return {
    async authority(name, signal) {
      signal.throwIfAborted()
      return certificateOf(name)
    },
    async issueCertificate(request, signal) {
      signal.throwIfAborted()
      return issueLeaf(request, await issuerOf(request.authority), clock.now())
    },
    async tokenKeys() {
      return tokenKeys
    },
    async signToken(claims, signal) {
      signal.throwIfAborted()
      const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
      const signature = await signAsync(tokenKey, Buffer.from(input))
      return `${input}.${signature.toString('base64url')}`
    },
    async wrapKey(key) {
      return { id: encryptionKeyId(encryptionKey.number), wrapped: wrapKey(encryptionKey, key) }
    },
    async unwrapKey(wrapped) {
      return unwrapKey(keys.encryptionKeys, wrapped)
    },
    async signAuditHead(head) {
      const { sequence, digest } = head
      if (digest.length !== 32) throw new RangeError(`Cannot sign audit head: a SHA-256 digest has 32 bytes, not ${digest.length}`)
      if (signedHead !== undefined && sequence <= signedHead.sequence && !isSameHead(head, signedHead))
        throw new RangeError(`Cannot sign audit head ${sequence}: head ${signedHead.sequence} is already signed`)
      signedHead = head
      await memory?.auditHead.keep(head)
      return { keyId: auditKeyId, signature: sign(null, digest, keys.auditKey) }
    },
    async keepStoreHead(head) {
      if (storeHead !== undefined && head.revision < storeHead.revision)
        throw new RangeError(`Cannot keep store revision ${head.revision}: revision ${storeHead.revision} is already kept`)
      storeHead = head
      await memory?.storeHead.keep(head)
    },
    async storeHead() {
      return storeHead
    },
    async auditKey() {
      return { keyId: auditKeyId, publicKey: publicPem(keys.auditKey), signedHead }
    },
    async signEvidence(statement, signal) {
      signal.throwIfAborted()
      return { keyId: keyIdOf(keys.evidenceKey), signature: sign(null, preAuthEncoding(statementType, statement), keys.evidenceKey) }
    },
    async signBackup(payload, signal) {
      signal.throwIfAborted()
      requireNext(payload, backupHeads)
      return { keyId: keyIdOf(keys.evidenceKey), signature: sign(null, preAuthEncoding(linkPayloadType, payload), keys.evidenceKey) }
    },
    async backupHead(target) {
      return backupHeads.get(target)
    },
    async keepBackupHead(target, head) {
      backupHeads = withHead(backupHeads, target, head)
      await memory?.backupHeads.keep(backupHeads)
    },
    async exportKeys() {
      return await memory?.exportKeys?.()
    },
    async evidenceKey() {
      return { keyId: keyIdOf(keys.evidenceKey), publicKey: publicPem(keys.evidenceKey) }
    },
    async [Symbol.asyncDispose]() {
      for (const { key } of keys.encryptionKeys) key.fill(0)
    },
  }
}

const isSameHead = (a: AuditHead, b: AuditHead): boolean => a.sequence === b.sequence && a.digest.equals(b.digest)

/** Creates and stores the certificate of the authority if it does not exist. */
export async function ensureCertificate(name: AuthorityName, authority: AuthorityKey, now: number): Promise<string> {
  authority.certificate ??= await makeAuthorityCertificate(name, authority.privateKey, createPublicKey(authority.privateKey), now)
  return authority.certificate
}

export { authorityNames }
