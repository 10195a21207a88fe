// Tokens of issuers that an AuthenticationConfiguration names: found by their issuer, verified by it, and known again as long as they hold.
import { createHash } from 'node:crypto'
import { getOwn } from '../../base/own-property.ts'
import type { Authentication, Authenticator } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { BoundedCache } from '../bounded-cache.ts'
import { type Claims, readSignedToken, type SignedToken } from '../jwt/signed-token.ts'

export interface AcceptedToken {
  readonly authentication: Extract<Authentication, { outcome: 'authenticated' }>
  /** Whether the token is still within its time, and its key one of the issuer's. */
  holds(): boolean
}

export type TokenVerdict = AcceptedToken | Exclude<Authentication, { outcome: 'authenticated' }>

export interface TokenIssuer {
  readonly url: string
  /** Of a token that names this issuer. Synchronous where the issuer need not be asked. */
  verify(token: SignedToken): TokenVerdict | Promise<TokenVerdict>
}

const cachedTokens = 2048
/** Characters of a user in JSON; one who has more is mapped again with each request. */
const maxCachedUser = 16_384

export function createJwtAuthenticator(issuers: readonly TokenIssuer[]): Authenticator {
  const byUrl = new Map(issuers.map(issuer => [issuer.url, issuer]))
  const accepted = new BoundedCache<AcceptedToken>(cachedTokens)
  return {
    name: 'jwt',
    authenticate({ authorization }) {
      const bearer = bearerToken(authorization)
      if (bearer.form !== 'token') return { outcome: 'no-opinion' }
      const digest = createHash('sha256').update(bearer.token).digest('base64')
      const known = accepted.get(digest)
      if (known?.holds()) return known.authentication
      accepted.delete(digest)
      const token = readSignedToken(bearer.token)
      const issuer = token && byUrl.get(issuerOf(token.claims))
      if (token === undefined || issuer === undefined) return { outcome: 'no-opinion' }
      const decide = (verdict: TokenVerdict): Authentication => {
        if (!('authentication' in verdict)) return verdict
        if (JSON.stringify(verdict.authentication.user).length <= maxCachedUser) accepted.set(digest, verdict)
        return verdict.authentication
      }
      const verdict = issuer.verify(token)
      return verdict instanceof Promise ? verdict.then(decide) : decide(verdict)
    },
  }
}

/** '' where there is none. Google's tokens may leave out the scheme, as OpenID Connect allows them alone. */
function issuerOf(claims: Claims): string {
  const issuer = getOwn(claims, 'iss')
  if (typeof issuer !== 'string') return ''
  return issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer
}
