// Validates tokens of one issuer. Cheap checks come first, and nothing is fetched from the issuer for a token that could not be accepted.
import { createHash } from 'node:crypto'
import { goQuotedList } from '../../api/go-text/go-quote.ts'
import type { Clock } from '../../base/clock.ts'
import { getOwn } from '../../base/data/own-property.ts'
import type { Authentication } from '../access.ts'
import type { CompiledJwt } from './compile-configuration.ts'
import type { IssuerKeys, IssuerKeysParts } from './issuer-keys.ts'
import { type MappingOptions, mapClaims, tokenId } from './map-claims.ts'
import { type Claims, readHeader, type SignedToken, signingKey } from './signed-token.ts'
import type { AcceptedToken, TokenIssuer, TokenVerdict } from './token-verdict.ts'
import type { VerificationKey } from './verification-key.ts'

/** Clocks of issuers may be fast; upstream's value. */
const notBeforeLeewayMs = 60_000

const rejected = (rule: string) => ({ outcome: 'rejected', reason: rule }) as const
const refusedBy = (rule: string) => rejected(`oidc: verify token: ${rule}`)

interface Period {
  readonly notBefore: number
  readonly expires: number
}

export interface TokenIssuerParts extends Pick<IssuerKeysParts, 'clock'> {
  readonly compiled: CompiledJwt
  readonly keys: IssuerKeys
  readonly mapping: MappingOptions
}

export type RetirableIssuer = TokenIssuer & {
  /** No further token is accepted. */
  retire(): void
}

export function createTokenIssuer({ compiled, keys, clock, mapping }: TokenIssuerParts): RetirableIssuer {
  const { issuer } = compiled.configuration
  let ended: string | undefined

  const accept = (token: SignedToken, period: Period, key: VerificationKey): TokenVerdict => {
    const mapped = mapClaims(token.claims, compiled, mapping)
    if ('refused' in mapped) return rejected(mapped.refused)
    keys.refreshWhereOld()
    const id = tokenId(token.claims)
    const authentication: Accepted = {
      outcome: 'authenticated',
      user: mapped.user,
      credentialId: id === undefined ? `jwt-sha256:${digestOf(token)}` : `jwt:${id}`,
      authenticator: 'jwt',
      expires: period.expires,
      source: issuing,
    }
    return { authentication, holds: () => ended === undefined && isWithin(period, clock) && stillPublished(key) }
  }
  const stillPublished = (key: VerificationKey): boolean => {
    keys.refreshWhereOld()
    return keys.has(key)
  }
  const issuing: RetirableIssuer = {
    url: issuer.url,
    get ended() {
      return ended
    },
    retire() {
      ended = 'the issuer of the token is no longer configured, or otherwise than it was'
    },
    async verify(token) {
      const audience = refusedAudience(token.claims, issuer.audiences)
      if (audience !== undefined) return refusedBy(audience)
      const period = readPeriod(token.claims)
      if (typeof period === 'string') return refusedBy(period)
      const now = clock.now()
      if (now >= period.expires) return refusedBy('oidc: token is expired')
      if (now < period.notBefore) return refusedBy('oidc: current time before the nbf (not before) time')
      const header = readHeader(token)
      if (typeof header === 'string') return refusedBy(header)
      const known = signingKey(token, header, keys.keys)
      if (known !== undefined) return accept(token, period, known)
      const asked = keys.refresh()
      if (asked === undefined) return noKeyFits(keys)
      await asked
      const found = signingKey(token, header, keys.keys)
      return found === undefined ? noKeyFits(keys) : accept(token, period, found)
    },
  }
  return issuing
}

type Accepted = AcceptedToken['authentication']

function noKeyFits({ keys }: IssuerKeys): Exclude<Authentication, { outcome: 'authenticated' }> {
  return keys.length === 0
    ? rejected('oidc: authenticator not initialized: the keys of the issuer are not known')
    : refusedBy('failed to verify signature: failed to verify id token signature')
}

const isWithin = ({ notBefore, expires }: Period, clock: Clock): boolean => {
  const now = clock.now()
  return now < expires && now >= notBefore
}

/** The violated rule. */
function refusedAudience(claims: Claims, wanted: readonly string[]): string | undefined {
  const given = getOwn(claims, 'aud')
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (!list.every(item => typeof item === 'string')) return 'oidc: failed to unmarshal claims: "aud"'
  return wanted.some(audience => list.includes(audience)) ? undefined : `oidc: expected audience in ${goQuotedList(wanted)}`
}

/** The violated rule, as a string. A token without an expiry has expired. */
function readPeriod(claims: Claims): Period | string {
  const times: (number | undefined)[] = []
  for (const name of ['exp', 'nbf', 'iat']) {
    const given = getOwn(claims, name)
    if (given !== undefined && (typeof given !== 'number' || !Number.isSafeInteger(Math.trunc(given) * 1000)))
      return `oidc: failed to unmarshal claims: "${name}"`
    times.push(given === undefined ? undefined : Math.trunc(given) * 1000)
  }
  const [expires = 0, notBefore] = times
  return { expires, notBefore: notBefore === undefined ? Number.NEGATIVE_INFINITY : notBefore - notBeforeLeewayMs }
}

function digestOf({ head, body }: SignedToken): string {
  return createHash('sha256').update(`${head}.${body}`).digest('hex')
}
