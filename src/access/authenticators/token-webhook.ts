// Bearer tokens that no other authenticator recognizes: a webhook gets a TokenReview and validates them.
import { createHmac, randomBytes } from 'node:crypto'
import { deadline } from '../../base/async/abort.ts'
import type { Logger } from '../../base/log.ts'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ReviewedToken } from '../access.ts'
import { type Authenticator, authenticatedGroup, type UserInfo } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import type { TokenCacheMetrics } from '../token-metrics.ts'
import { callWebhook, type WebhookCallParts } from '../webhook/call-webhook.ts'
import { type ReviewedIdentity, readTokenReview, type TokenReviewVersion, tokenReviewBody } from '../webhook/token-webhook-review.ts'
import { WebhookAnswers } from '../webhook/webhook-answers.ts'

export interface TokenWebhookSettings {
  readonly endpoint: WebhookEndpoint
  readonly version: TokenReviewVersion
  /** How long answers are cached, refusals too; 0 for not at all. */
  readonly cacheMs: number
}

export interface TokenWebhookParts extends WebhookCallParts {
  readonly log: Logger
  /** The audiences of the API server. */
  readonly audiences: readonly string[]
  /** Whether the webhook may return users and groups that begin with `system:`. */
  readonly mayNameSystem: boolean
  readonly cache: TokenCacheMetrics
}

export interface TokenWebhook extends Authenticator {
  verifyToken(token: string, audiences: readonly string[]): Promise<ReviewedToken>
}

export const tokenWebhookName = 'token-webhook'

const timeoutMs = 10_000
/** Limit of all tries together. */
const maxMs = 30_000
/** Limit of cached answers. */
export const maxCachedTokens = 4096
/** Larger answers in bytes are not cached. */
export const maxCachedAnswer = 8 * 1024
/** Limit of different tokens in concurrent requests, because any client can send any token. */
export const maxOpenTokens = 256

/** All authenticated users are in that group anyway. */
const isSystem = ({ name, groups }: UserInfo): boolean =>
  [name, ...groups].some(text => text.startsWith('system:') && text !== authenticatedGroup)

interface Reviewed {
  readonly identity: ReviewedIdentity
  readonly keeps: boolean
}

export function createTokenWebhook({ endpoint, version, cacheMs }: TokenWebhookSettings, parts: TokenWebhookParts): TokenWebhook {
  const { clock, log, cache, audiences: own } = parts
  const reviews = new WebhookAnswers<ReviewedToken, ReviewedToken>(clock, { maxCached: maxCachedTokens, maxOpen: maxOpenTokens })
  // A hash in memory or in the audit log must not reveal its token.
  const secret = randomBytes(32)
  const hashOf = (text: string): string => createHmac('sha256', secret).update(text).digest('hex')
  let answers = true

  const read = (answer: Buffer): Reviewed => {
    const identity = readTokenReview(answer, version)
    if (identity === undefined) throw new Error(`the token webhook gave no TokenReview of authentication.k8s.io/${version} that is valid`)
    return { identity, keeps: answer.length <= maxCachedAnswer }
  }

  /** As upstream: a webhook without audiences vouches for the API server's own; one with others does not accept this token for these. */
  const evaluate = (identity: ReviewedIdentity, token: string, wanted: readonly string[]): ReviewedToken => {
    if (identity.outcome === 'refused') return { outcome: 'rejected', reason: 'the token webhook refused the token' }
    if (identity.outcome === 'unknown') return { outcome: 'no-opinion' }
    if (!parts.mayNameSystem && isSystem(identity.user))
      return { outcome: 'rejected', reason: 'the token webhook names a user or group that begins with "system:"' }
    const given = identity.audiences.length > 0 ? identity.audiences : own
    const audiences = wanted.filter(audience => given.includes(audience))
    if (audiences.length === 0) return { outcome: 'no-opinion' }
    const credentialId = `token-webhook:${hashOf(token).slice(0, 32)}`
    return { outcome: 'authenticated', user: identity.user, credentialId, authenticator: tokenWebhookName, audiences }
  }

  const fetchNow = async (key: string, token: string, wanted: readonly string[]): Promise<ReviewedToken> => {
    const fetched = cache.fetching()
    const reviewed = await askNow(key, token, wanted)
    fetched(reviewed.outcome !== 'rejected')
    return reviewed
  }

  const askNow = async (key: string, token: string, wanted: readonly string[]): Promise<ReviewedToken> => {
    using limit = deadline(clock, maxMs)
    try {
      const signal = AbortSignal.any([parts.signal, limit.signal])
      const body = tokenReviewBody(token, wanted, version)
      const { identity, keeps } = await callWebhook({ endpoint, timeoutMs, body, read, took: () => undefined }, { ...parts, signal })
      if (!answers) log.info('token webhook answers again', {})
      answers = true
      const reviewed = evaluate(identity, token, wanted)
      // As upstream, errors are not cached.
      if (keeps && reviewed.outcome !== 'rejected') reviews.keep(key, reviewed, cacheMs)
      return reviewed
    } catch (err) {
      log[answers ? 'error' : 'debug']('token webhook failed', { err })
      answers = false
      return { outcome: 'rejected', reason: 'the token webhook failed' }
    }
  }

  const verifyToken: TokenWebhook['verifyToken'] = async (token, wanted) => {
    const began = clock.monotonic()
    const took = (): number => (clock.monotonic() - began) / 1000
    const key = hashOf(writeJson([token, wanted]))
    const known = reviews.kept(key)
    if (known !== undefined) {
      cache.hit(took())
      return known
    }
    const asked = reviews.once(key, () => fetchNow(key, token, wanted))
    if (asked === undefined) return { outcome: 'rejected', reason: 'the token webhook has too many pending requests' }
    const answered = cache.missed()
    const reviewed = await asked
    answered(took())
    return reviewed
  }

  return {
    name: tokenWebhookName,
    verifyToken,
    async authenticate({ authorization }) {
      const bearer = bearerToken(authorization)
      return bearer.form === 'token' ? verifyToken(bearer.token, own) : { outcome: 'no-opinion' }
    },
  }
}
