// The signer of a server without connections: it never sees a certificate and issues no token. It has no keys, because creating some would
// take much of the time of a short command.
import type { Signer } from '../../signer/signer.ts'

/** A certificate whose key was deleted at once. A server must have a certificate authority, and this one accepts nobody. */
const nobody = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIUEdFjgRrwHF8Jcf5XmQtEkr4xuz8wCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyNjE1NDMwMFoYDzIxMjYxMTAyMTU0
MzAwWjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAReCYSrA0FfBEhkdJUaAAy7YOOhYpEIPZLhSKR2h5nXD6jEfgjzGQlhefQALdSW
eAwlqcSJq9Kmj81lhqItRn/To1MwUTAdBgNVHQ4EFgQUG//WYfNbeJEsbhdPKuNC
koNkVWgwHwYDVR0jBBgwFoAUG//WYfNbeJEsbhdPKuNCkoNkVWgwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA/PRTpHaYnGsc41pVeDQpGx0DRO3p
Hyy6tsqNjasDy1YCIQD3vOfwlIQUzFJQpCIP57Op6qtx+uq5638U/wQLM9Jrfw==
-----END CERTIFICATE-----
`

const refuse = (): Promise<never> => Promise.reject(new Error('this server only evaluates manifests and has no keys'))

export const keylessSigner: Signer = {
  authority: async () => nobody,
  tokenKeys: async () => [],
  issueCertificate: refuse,
  signToken: refuse,
  wrapKey: refuse,
  unwrapKey: refuse,
  signAuditCheckpoint: refuse,
  keepStoreHead: refuse,
  storeHead: refuse,
  auditKey: refuse,
  signEvidence: refuse,
  evidenceKey: refuse,
  makeVolumeKey: refuse,
  copyVolumeKey: refuse,
  openVolumeKey: refuse,
  eraseVolumeKey: refuse,
  signBackup: refuse,
  backupHead: refuse,
  keepBackupHead: refuse,
  exportKeys: refuse,
  [Symbol.asyncDispose]: async () => undefined,
}
