// Tokens of issuers that an AuthenticationConfiguration names: found by their issuer, verified by it, and known again as long as they hold.
import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { getOwn } from '../../base/own-property.ts'
import type { Authentication, Authenticator, CredentialSource, Credentials } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { BoundedCache } from '../bounded-cache.ts'
import { type Claims, readSignedToken, type SignedToken } from '../jwt/signed-token.ts'
import type { IssuerMetrics, TokenCacheMetrics } from '../token-metrics.ts'

export interface AcceptedToken {
  readonly authentication: Extract<Authentication, { outcome: 'authenticated' }>
  /** Whether the token is still within its time, and its key one of the issuer's. */
  holds(): boolean
}

export type TokenVerdict = AcceptedToken | Exclude<Authentication, { outcome: 'authenticated' }>

export interface TokenIssuer extends CredentialSource {
  readonly url: string
  /** Of a token that names this issuer. Synchronous where the issuer need not be asked. */
  verify(token: SignedToken): TokenVerdict | Promise<TokenVerdict>
}

const cachedTokens = 2048
/** Characters of a user in JSON; one who has more is mapped again with each request. */
const maxCachedUser = 16_384

export interface JwtParts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly cache: TokenCacheMetrics
  readonly metrics: IssuerMetrics
}

export interface JwtAuthenticator extends Authenticator {
  /** Puts these issuers in the place of the former. */
  replace(issuers: readonly TokenIssuer[]): void
}

export function createJwtAuthenticator(issuers: readonly TokenIssuer[], { clock, cache, metrics }: JwtParts): JwtAuthenticator {
  let byUrl: ReadonlyMap<string, TokenIssuer> = new Map()
  const accepted = new BoundedCache<AcceptedToken>(cachedTokens)
  const secondsSince = (began: number): number => (clock.monotonic() - began) / 1000

  const replace: JwtAuthenticator['replace'] = next => {
    byUrl = new Map(next.map(issuer => [issuer.url, issuer]))
    metrics.serve([...byUrl.keys()])
    // Each holds on to its issuer, with all that was compiled for it.
    accepted.retain(token => token.holds())
  }

  const authenticate = (credentials: Credentials): Authentication | Promise<Authentication> => {
    const bearer = bearerToken(credentials.authorization)
    if (bearer.form !== 'token') return { outcome: 'no-opinion' }
    const began = clock.monotonic()
    const digest = createHash('sha256').update(bearer.token).digest('base64')
    const known = accepted.get(digest)
    if (known?.holds()) {
      cache.hit(secondsSince(began))
      return known.authentication
    }
    accepted.delete(digest)
    const token = readSignedToken(bearer.token)
    const issuer = token && byUrl.get(issuerOf(token.claims))
    if (token === undefined || issuer === undefined) return { outcome: 'no-opinion' }
    const answered = cache.missed()
    const fetched = cache.fetching()
    const decide = (verdict: TokenVerdict): Authentication | Promise<Authentication> => {
      const isAccepted = 'authentication' in verdict
      const seconds = secondsSince(began)
      answered(seconds)
      fetched(isAccepted)
      // While the issuer was asked it was taken out of the configuration, or changed: those of now decide.
      if (issuer.ended !== undefined) return authenticate(credentials)
      metrics.verified(issuer.url, isAccepted, seconds)
      if (!isAccepted) return verdict
      if (JSON.stringify(verdict.authentication.user).length <= maxCachedUser) accepted.set(digest, verdict)
      return verdict.authentication
    }
    const verdict = issuer.verify(token)
    return verdict instanceof Promise ? verdict.then(decide) : decide(verdict)
  }

  replace(issuers)
  return { name: 'jwt', authenticate, replace }
}

/** '' where there is none. Google's tokens may leave out the scheme, as OpenID Connect allows them alone. */
function issuerOf(claims: Claims): string {
  const issuer = getOwn(claims, 'iss')
  if (typeof issuer !== 'string') return ''
  return issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer
}
