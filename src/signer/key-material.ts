// All private keys of a cluster in memory, created natively (Web Crypto and X.509 code is loaded only when a certificate is issued).
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { AuthorityName } from './signer.ts'

export const authorityNames: readonly AuthorityName[] = ['client', 'serving', 'front-proxy', 'kubelet-serving', 'registry', 'etcd']

export interface NumberedKey<K> {
  readonly number: number
  readonly key: K
}

export interface AuthorityKey {
  readonly privateKey: KeyObject
  /** PEM of the self-signed certificate; undefined until it exists. */
  certificate: string | undefined
}

export interface KeyMaterial {
  readonly authorities: Readonly<Record<AuthorityName, AuthorityKey>>
  /** Newest first; all verify, the first signs. */
  readonly tokenKeys: readonly KeyObject[]
  /** Newest first; all unwrap, the first wraps. 32 bytes each. */
  readonly encryptionKeys: readonly NumberedKey<Buffer>[]
  readonly auditKey: KeyObject
  readonly evidenceKey: KeyObject
}

export const newEcKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
/** For the audit log, and for evidence. */
export const newEd25519Key = (): KeyObject => generateKeyPairSync('ed25519').privateKey
export const newEncryptionKey = (): Buffer => randomBytes(32)

export function newKeyMaterial(): KeyMaterial {
  const authority = (): AuthorityKey => ({ privateKey: newEcKey(), certificate: undefined })
  return {
    authorities: {
      client: authority(),
      serving: authority(),
      'front-proxy': authority(),
      'kubelet-serving': authority(),
      registry: authority(),
      etcd: authority(),
    },
    tokenKeys: [newEcKey()],
    encryptionKeys: [{ number: 1, key: newEncryptionKey() }],
    auditKey: newEd25519Key(),
    evidenceKey: newEd25519Key(),
  }
}

export const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()
export const readPrivatePem = (pem: Buffer): KeyObject => createPrivateKey(pem)
export const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()

/** SHA-256 of the public key in base64url, as Kubernetes names ServiceAccount keys. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url')
}
