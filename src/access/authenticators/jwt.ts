// Tokens of issuers in an AuthenticationConfiguration: matched by issuer, verified with its keys, and cached while they are valid.
import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { getOwn } from '../../base/data/own-property.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Authentication, Authenticator, Credentials } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { type Claims, readSignedToken } from '../jwt/signed-token.ts'
import type { AcceptedToken, TokenIssuer } from '../jwt/token-verdict.ts'
import type { IssuerMetrics, TokenCacheMetrics } from '../token-metrics.ts'

const cachedTokens = 2048
/** Limit of characters of a cached user in JSON; larger ones are mapped again with each request. */
const maxCachedUser = 16_384

export interface JwtParts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly cache: TokenCacheMetrics
  readonly metrics: IssuerMetrics
}

export interface JwtAuthenticator extends Authenticator {
  /** Replaces the issuers. */
  replace(issuers: readonly TokenIssuer[]): void
}

export function createJwtAuthenticator(issuers: readonly TokenIssuer[], { clock, cache, metrics }: JwtParts): JwtAuthenticator {
  let byUrl: ReadonlyMap<string, TokenIssuer> = new Map()
  const accepted = new BoundedCache<AcceptedToken>(cachedTokens)
  const secondsSince = (began: number): number => (clock.monotonic() - began) / 1000

  const replace: JwtAuthenticator['replace'] = next => {
    byUrl = new Map(next.map(issuer => [issuer.url, issuer]))
    metrics.serve([...byUrl.keys()])
    // Each entry holds its issuer with everything that was compiled for it.
    accepted.retain(token => token.holds())
  }

  const authenticate = async (credentials: Credentials): Promise<Authentication> => {
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
    const verdict = await issuer.verify(token)
    const isAccepted = 'authentication' in verdict
    const seconds = secondsSince(began)
    answered(seconds)
    fetched(isAccepted)
    // While the issuer was asked it was taken out of the configuration, or changed: those of now decide.
    if (issuer.ended !== undefined) return authenticate(credentials)
    metrics.verified(issuer.url, isAccepted, seconds)
    if (!isAccepted) return verdict
    if (writeJson(verdict.authentication.user).length <= maxCachedUser) accepted.set(digest, verdict)
    return verdict.authentication
  }

  replace(issuers)
  return { name: 'jwt', authenticate, replace }
}

/** '' if there is none. Google's tokens may omit the scheme, as OpenID Connect allows only them. */
function issuerOf(claims: Claims): string {
  const issuer = getOwn(claims, 'iss')
  if (typeof issuer !== 'string') return ''
  return issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer
}
