// A token that this cluster signed: its form, its issuer and its signature.
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { Authentication } from '../access.ts'

export interface TokenVerificationKey {
  readonly keyId: string
  /** SPKI PEM of a P-256 key. */
  readonly publicKey: string
}

export type OwnTokenKeys = ReadonlyMap<string, KeyObject>

/** By key id. Throws for a key on another curve. */
export const ownTokenKeys = (keys: readonly TokenVerificationKey[]): OwnTokenKeys =>
  new Map(keys.map(({ keyId, publicKey }) => [keyId, p256Key(keyId, publicKey)]))

function p256Key(keyId: string, pem: string): KeyObject {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error(`Cannot verify tokens with key "${keyId}": it is not on curve P-256`)
  }
  return key
}

export type OwnToken =
  | { readonly payload: Readonly<Record<string, unknown>> }
  | { readonly refused: Exclude<Authentication, { outcome: 'authenticated' }> }

const base64url = /^[A-Za-z0-9_-]+$/
const noOpinion = { refused: { outcome: 'no-opinion' } } as const
const rejected = (reason: string) => ({ refused: { outcome: 'rejected', reason } }) as const

/** `no-opinion` for a token of another issuer. The algorithm is fixed and never taken from the token. Times and claims are the caller's. */
export function readOwnToken(token: string, issuer: string, keys: OwnTokenKeys): OwnToken {
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0 || !base64url.test(head) || !base64url.test(body)) return noOpinion
  const payload = readJson(body)
  if (!isJsonObject(payload) || payload['iss'] !== issuer) return noOpinion
  const header = readJson(head)
  if (typeof header !== 'object' || header === null || !('alg' in header) || header.alg !== 'ES256') {
    return rejected('the token is not signed with ES256')
  }
  if ('crit' in header) return rejected('the token demands an unknown extension')
  const key = 'kid' in header && typeof header.kid === 'string' ? keys.get(header.kid) : undefined
  if (key === undefined) return rejected('the token names an unknown key')
  const bytes = Buffer.from(signature, 'base64url')
  // 64 bytes in canonical encoding, so that a token cannot have two digests.
  if (bytes.length !== 64 || bytes.toString('base64url') !== signature) return rejected('the token has a malformed signature')
  if (!verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, bytes)) {
    return rejected('the token has a wrong signature')
  }
  return { payload }
}

function readJson(part: string): unknown {
  try {
    return parseJson(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
