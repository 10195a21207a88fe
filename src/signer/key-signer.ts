// A signer with keys in memory; the file back end and tests use it.
import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { linkPayloadType } from '../base/backup/backup-link.ts'
import type { Clock } from '../base/clock.ts'
import { preAuthEncoding, statementType } from '../base/dsse.ts'
import { writeJson } from '../base/write-json.ts'
import { AuditCheckpoints, type AuditEpoch, type AuditMemory, defaultEpochMs, firstEpoch } from './audit-checkpoints.ts'
import { type BackupHeads, requireNext, withHead } from './backup-heads.ts'
import { type Issuer, issueLeaf, makeAuthorityCertificate, openIssuer } from './certificate.ts'
import { type AuthorityKey, authorityNames, type KeyMaterial, keyIdOf, publicPem } from './key-material.ts'
import { encryptionKeyId, unwrapKey, wrapKey } from './key-wrap.ts'
import type { AuthorityName, Signer, StoreHead } from './signer.ts'
import type { StoredHead } from './stored-head.ts'
import { type VolumeKeyFiles, VolumeKeys } from './volume-keys.ts'

const signAsync = promisify((key: KeyObject, data: Buffer, done: (err: Error | null, signature: Buffer) => void) =>
  sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, done),
)

/** What a signer keeps across restarts. */
export interface SignerMemory {
  readonly audit: AuditMemory
  readonly auditEpoch: AuditEpoch
  readonly auditEpochMs: number
  readonly storeHead: StoredHead<StoreHead>
  readonly volumeKeys: VolumeKeyFiles
  readonly backupHeads: StoredHead<BackupHeads>
  /** See `Signer.exportKeys`. `auditKeys` are the public keys of the audit log. */
  exportKeys?(auditKeys: string): Promise<Buffer>
}

/** A signer without a policy: `serveSigner` adds one for other processes. Without a memory it knows only heads of its own lifetime. */
export function createKeySigner(keys: KeyMaterial, clock: Clock, memory?: SignerMemory): Signer {
  const [tokenKey] = keys.tokenKeys
  const [encryptionKey] = keys.encryptionKeys
  if (tokenKey === undefined || encryptionKey === undefined)
    throw new Error('Cannot sign: the key set has no token key or no key-encryption key')
  const tokenKeys = keys.tokenKeys.map(key => ({ keyId: keyIdOf(key), algorithm: 'ES256', publicKey: publicPem(key) }) as const)
  const header = Buffer.from(writeJson({ alg: 'ES256', kid: tokenKeys[0]?.keyId, typ: 'JWT' })).toString('base64url')
  const checkpoints = new AuditCheckpoints({
    ...{ logKey: keys.auditKey, logKeyId: keyIdOf(keys.auditKey), logKeyPem: publicPem(keys.auditKey), clock },
    epoch: memory?.auditEpoch ?? firstEpoch(clock.now()),
    epochMs: memory?.auditEpochMs ?? defaultEpochMs,
    ...(memory === undefined ? {} : { memory: memory.audit }),
  })
  let storeHead = memory?.storeHead.newest
  const volumeKeys = new VolumeKeys(memory?.volumeKeys ?? volumeKeysInMemory(), keys.encryptionKeys)
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
      const input = `${header}.${Buffer.from(writeJson(claims)).toString('base64url')}`
      const signature = await signAsync(tokenKey, Buffer.from(input))
      return `${input}.${signature.toString('base64url')}`
    },
    async wrapKey(key) {
      return { id: encryptionKeyId(encryptionKey.number), wrapped: wrapKey(encryptionKey, key) }
    },
    async unwrapKey(wrapped) {
      return unwrapKey(keys.encryptionKeys, wrapped)
    },
    async signAuditCheckpoint(tree, proof, signal) {
      signal.throwIfAborted()
      return checkpoints.sign(tree, proof)
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
      return checkpoints.keys()
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
      const { rootKey, logKey } = checkpoints.keys()
      return await memory?.exportKeys?.(`${rootKey}\n${logKey}\n`)
    },
    async evidenceKey() {
      return { keyId: keyIdOf(keys.evidenceKey), publicKey: publicPem(keys.evidenceKey) }
    },
    async makeVolumeKey(volume, node) {
      await volumeKeys.make(volume, node)
    },
    async copyVolumeKey(volume, source) {
      await volumeKeys.copy(volume, source)
    },
    async openVolumeKey(request) {
      return volumeKeys.open(request, await certificateOf('client'), clock.now())
    },
    async eraseVolumeKey(volume) {
      await volumeKeys.erase(volume)
    },
    async [Symbol.asyncDispose]() {
      for (const { key } of keys.encryptionKeys) key.fill(0)
    },
  }
}

function volumeKeysInMemory(): VolumeKeyFiles {
  const files = new Map<string, Buffer>()
  return {
    read: async volume => files.get(volume),
    write: async (volume, content) => void files.set(volume, content),
    erase: async volume => void files.delete(volume),
  }
}

/** Creates and stores the certificate of the authority if it does not exist. */
export async function ensureCertificate(name: AuthorityName, authority: AuthorityKey, now: number): Promise<string> {
  authority.certificate ??= await makeAuthorityCertificate(name, authority.privateKey, createPublicKey(authority.privateKey), now)
  return authority.certificate
}

export { authorityNames }
