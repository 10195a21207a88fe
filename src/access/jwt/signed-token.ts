// A JSON Web Token in compact form: parsed within limits, and verified with a key of the issuer and an algorithm that suits the key.
import { constants, verify } from 'node:crypto'
import { parseJsonBytes } from '../../api/schema/decode.ts'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import type { VerificationKey } from './verification-key.ts'

export type Claims = Readonly<Record<string, unknown>>

/** Not trusted before its signature is verified. */
export interface SignedToken {
  readonly head: string
  readonly body: string
  readonly signature: string
  readonly claims: Claims
}

export interface TokenHeader {
  readonly algorithm: string
  /** Undefined if the token names no key. */
  readonly keyId: string | undefined
}

interface Algorithm {
  readonly digest: string
  /** The required key type: `RSA`, or the name of a curve. */
  readonly keyType: string
  readonly options: Omit<Parameters<typeof verify>[2] & object, 'key'>
}

const pkcs1 = { padding: constants.RSA_PKCS1_PADDING }
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
const ecdsa = { dsaEncoding: 'ieee-p1363' } as const

/** Upstream's algorithms. Neither `none` nor shared secrets, for which a public key could be misused. */
const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['RS256', { digest: 'sha256', keyType: 'RSA', options: pkcs1 }],
  ['RS384', { digest: 'sha384', keyType: 'RSA', options: pkcs1 }],
  ['RS512', { digest: 'sha512', keyType: 'RSA', options: pkcs1 }],
  ['PS256', { digest: 'sha256', keyType: 'RSA', options: pss }],
  ['PS384', { digest: 'sha384', keyType: 'RSA', options: pss }],
  ['PS512', { digest: 'sha512', keyType: 'RSA', options: pss }],
  ['ES256', { digest: 'sha256', keyType: 'P-256', options: ecdsa }],
  ['ES384', { digest: 'sha384', keyType: 'P-384', options: ecdsa }],
  ['ES512', { digest: 'sha512', keyType: 'P-521', options: ecdsa }],
])

/** Limit of keys that are tried: a token without a key id, or with an id of many keys, must not make us try all. */
const maxTriedKeys = 16

const base64url = /^[A-Za-z0-9_-]+$/

/** Undefined if it is not a token. The caller has limited the text. */
export function readSignedToken(text: string): SignedToken | undefined {
  const [head = '', body = '', signature = '', ...rest] = text.split('.')
  if (rest.length > 0 || !base64url.test(head) || !base64url.test(body)) return undefined
  const claims = readObject(body)
  return claims && { head, body, signature, claims }
}

function readObject(part: string): Claims | undefined {
  const parsed = parseJsonBytes(Buffer.from(part, 'base64url'))
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined
}

/** The rule that the header violates, as a string. */
export function readHeader({ head }: SignedToken): TokenHeader | string {
  const header = readObject(head)
  if (header === undefined) return 'oidc: malformed jwt'
  const algorithm = getOwn(header, 'alg')
  if (typeof algorithm !== 'string' || !algorithms.has(algorithm))
    return `oidc: id token signed with unsupported algorithm, expected [${[...algorithms.keys()].join(' ')}]`
  if (Object.hasOwn(header, 'crit')) return 'oidc: malformed jwt: it demands an extension'
  const keyId = getOwn(header, 'kid')
  if (keyId !== undefined && typeof keyId !== 'string') return 'oidc: malformed jwt'
  return { algorithm, keyId: keyId === '' ? undefined : keyId }
}

/** The key that signed the token; undefined if none did. */
export function signingKey(
  token: SignedToken,
  { algorithm, keyId }: TokenHeader,
  keys: readonly VerificationKey[],
): VerificationKey | undefined {
  const known = algorithms.get(algorithm)
  const bytes = Buffer.from(token.signature, 'base64url')
  // Only the canonical encoding: otherwise one token could be sent in many forms, each verified anew.
  if (known === undefined || bytes.length === 0 || bytes.toString('base64url') !== token.signature) return undefined
  const input = Buffer.from(`${token.head}.${token.body}`)
  return keys
    .filter(
      candidate =>
        candidate.type === known.keyType &&
        (keyId === undefined || candidate.keyId === keyId) &&
        (candidate.algorithm === undefined || candidate.algorithm === algorithm),
    )
    .slice(0, maxTriedKeys)
    .find(({ key }) => verify(known.digest, input, { key, ...known.options }, bytes))
}
