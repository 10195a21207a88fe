// The token with which this part passes one request on: it names the repository as this part read it, and the registry behind verifies it
// against the repository as it reads it. Where they differ, the request fails.
import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto'
import { writeJson } from '../base/write-json.ts'

export const upstreamIssuer = 'bulkhead-registry'
export const upstreamService = 'bulkhead'
/** From the signature to the registry's reading of it. */
const lifetimeSeconds = 60

export interface UpstreamAccess {
  readonly type: 'repository' | 'registry'
  readonly name: string
  readonly actions: readonly string[]
}

/** `privateKey` is the PEM of the P-256 key of this part's certificate, which the registry trusts. `now` in milliseconds. */
export function upstreamTokens(privateKey: string): (access: readonly UpstreamAccess[], now: number) => string {
  const key = createPrivateKey(privateKey)
  const kid = libtrustKeyId(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  const header = encode({ typ: 'JWT', alg: 'ES256', kid })
  return (access, now) => {
    const seconds = Math.floor(now / 1000)
    const claims = {
      ...{ iss: upstreamIssuer, sub: '', aud: upstreamService, jti: randomUUID() },
      ...{ iat: seconds, nbf: seconds - lifetimeSeconds, exp: seconds + lifetimeSeconds },
      access,
    }
    const input = `${header}.${encode(claims)}`
    return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
}

const encode = (value: object): string => Buffer.from(writeJson(value)).toString('base64url')

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Docker's libtrust: the first 240 bits of the SHA-256 digest of the public key, in base32, in groups of four. */
export function libtrustKeyId(spki: Buffer): string {
  const bytes = createHash('sha256').update(spki).digest().subarray(0, 30)
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
  const letters = (bits.match(/.{5}/g) ?? []).map(five => base32[Number.parseInt(five, 2)] ?? '').join('')
  return (letters.match(/.{4}/g) ?? []).join(':')
}
