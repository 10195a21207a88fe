// The signer of a server that nobody connects to: no certificate is ever shown to it and no token asked of it, so it has no keys, and making some
// would take a good part of a short command.
import type { Signer } from '../../signer/signer.ts'

/** Of nobody: its key was thrown away when it was made. A server must have an authority, and this one lets nobody in. */
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

const refuse = (): Promise<never> => Promise.reject(new Error('this server only judges: it has no keys'))

export const keylessSigner: Signer = {
  authority: async () => nobody,
  tokenKeys: async () => [],
  issueCertificate: refuse,
  signToken: refuse,
  wrapKey: refuse,
  unwrapKey: refuse,
  signAuditHead: refuse,
  keepStoreHead: refuse,
  storeHead: refuse,
  auditKey: refuse,
  [Symbol.asyncDispose]: async () => undefined,
}
