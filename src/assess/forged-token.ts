// Tokens that look like the cluster's own but have no valid signature: each is a known attack on verifiers (RFC 8725, 2.1 to 2.10).
import { createHmac, createPublicKey, sign } from 'node:crypto'
import { parseJson } from '../base/json.ts'
import { newSigningKey } from './forged-certificate.ts'

type Fields = Readonly<Record<string, unknown>>

export interface ForgedToken {
  readonly name: string
  readonly token: string
}

const encode = (value: Fields): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** `genuine` is a real token whose claims are copied; `publicKeys` (SPKI PEM) are the cluster's, for algorithm confusion. `now` in ms. */
export function forgedTokens(genuine: string, publicKeys: readonly string[], now: number): ForgedToken[] {
  const [head = '', body = '', signature = ''] = genuine.split('.')
  const header = decode(head)
  const claims = decode(body)
  const key = newSigningKey()
  const signed = (h: Fields, c: Fields): string => {
    const input = `${encode(h)}.${encode(c)}`
    return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
  const unsigned = (alg: string): string => `${encode({ ...header, alg })}.${body}.`
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const seconds = Math.floor(now / 1000)
  return [
    { name: 'signed by another key', token: signed(header, claims) },
    { name: 'signed by another key, key id unknown', token: signed({ ...header, kid: 'bulkhead-prove' }, claims) },
    { name: 'signed by a key that its own header brings', token: signed({ ...header, jwk, kid: 'bulkhead-prove' }, claims) },
    { name: 'expired', token: signed(header, { ...claims, iat: seconds - 7200, nbf: seconds - 7200, exp: seconds - 3600 }) },
    { name: 'not valid yet', token: signed(header, { ...claims, nbf: seconds + 3600, exp: seconds + 7200 }) },
    {
      name: 'claims changed',
      token: `${head}.${encode({ ...claims, sub: 'system:serviceaccount:kube-system:namespace-controller' })}.${signature}`,
    },
    { name: 'lifetime changed', token: `${head}.${encode({ ...claims, exp: seconds + 315_360_000 })}.${signature}` },
    { name: 'algorithm none', token: unsigned('none') },
    { name: 'algorithm None', token: unsigned('None') },
    { name: 'signature cut off', token: `${head}.${body}.` },
    { name: 'signature of zeros', token: `${head}.${body}.${Buffer.alloc(64).toString('base64url')}` },
    ...publicKeys.map(publicKey => {
      const input = `${encode({ ...header, alg: 'HS256' })}.${body}`
      return {
        name: 'algorithm HS256 with the public key',
        token: `${input}.${createHmac('sha256', publicKey).update(input).digest('base64url')}`,
      }
    }),
  ]
}

function decode(part: string): Fields {
  const value: unknown = parseJson(Buffer.from(part, 'base64url').toString('utf8'))
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
