// Bearer tokens that nobody here knows: a webhook is sent a TokenReview, and says whose they are.
import { createHmac, randomBytes } from 'node:crypto'
import { deadline } from '../../base/abort.ts'
import type { Logger } from '../../base/log.ts'
import type { WebhookEndpoint } from '../../base/webhook-endpoint.ts'
import { type Authentication, type Authenticator, authenticatedGroup, type UserInfo } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { callWebhook, type WebhookCallParts } from '../call-webhook.ts'
import type { TokenCacheMetrics } from '../token-metrics.ts'
import type { ReviewedToken } from '../token-review.ts'
import { type ReviewedIdentity, readTokenReview, type TokenReviewVersion, tokenReviewBody } from '../token-webhook-review.ts'
import { WebhookAnswers } from '../webhook-answers.ts'

export interface TokenWebhookSettings {
  readonly endpoint: WebhookEndpoint
  readonly version: TokenReviewVersion
  /** How long answers hold, refusals too; 0 for not at all. */
  readonly cacheMs: number
}

export interface TokenWebhookParts extends WebhookCallParts {
  readonly log: Logger
  /** The API server's own. */
  readonly audiences: readonly string[]
  /** Whether the webhook may name users and groups of the cluster's own, which begin with `system:`. */
  readonly mayNameSystem: boolean
  readonly cache: TokenCacheMetrics
}

export interface TokenWebhook extends Authenticator {
  verifyToken(token: string, audiences: readonly string[]): ReviewedToken | Promise<ReviewedToken>
}

export const tokenWebhookName = 'token-webhook'

const timeoutMs = 10_000
/** Of all tries together: nobody has been told yet that they may wait. */
const maxMs = 30_000
/** Answers that are kept. */
export const maxCachedTokens = 4096
/** Bytes of an answer, beyond which it is not kept. */
export const maxCachedAnswer = 8 * 1024
/** Different tokens that are asked about at the same time: anybody may send any. */
export const maxOpenTokens = 256

/** Everybody who is known is in that one group anyway. */
const isSystem = ({ name, groups }: UserInfo): boolean =>
  [name, ...groups].some(text => text.startsWith('system:') && text !== authenticatedGroup)

interface Reviewed {
  readonly identity: ReviewedIdentity
  readonly keeps: boolean
}

export function createTokenWebhook({ endpoint, version, cacheMs }: TokenWebhookSettings, parts: TokenWebhookParts): TokenWebhook {
  const { clock, log, cache, audiences: own } = parts
  const reviews = new WebhookAnswers<ReviewedToken, ReviewedToken>(clock, { maxCached: maxCachedTokens, maxOpen: maxOpenTokens })
  // Nobody who reads the memory or the audit log can tell from a hash which token it is of.
  const secret = randomBytes(32)
  const hashOf = (text: string): string => createHmac('sha256', secret).update(text).digest('hex')
  let answers = true

  const read = (answer: Buffer): Reviewed => {
    const identity = readTokenReview(answer, version)
    if (identity === undefined)
      throw new Error(`the token webhook gave no TokenReview of authentication.k8s.io/${version} that makes sense`)
    return { identity, keeps: answer.length <= maxCachedAnswer }
  }

  /** As upstream: a webhook that names no audience speaks for the API server's own, and one that names others does not know this token for these. */
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
      // As upstream, an error is nothing to keep.
      if (keeps && reviewed.outcome !== 'rejected') reviews.keep(key, reviewed, cacheMs)
      return reviewed
    } catch (err) {
      log[answers ? 'error' : 'debug']('token webhook failed', { err })
      answers = false
      return { outcome: 'rejected', reason: 'the token webhook failed' }
    }
  }

  const verifyToken: TokenWebhook['verifyToken'] = (token, wanted) => {
    const began = clock.monotonic()
    const took = (): number => (clock.monotonic() - began) / 1000
    const key = hashOf(JSON.stringify([token, wanted]))
    const known = reviews.kept(key)
    if (known !== undefined) {
      cache.hit(took())
      return known
    }
    const asked = reviews.once(key, () => fetchNow(key, token, wanted))
    if (asked === undefined) return { outcome: 'rejected', reason: 'the token webhook is asked too much at once' }
    const answered = cache.missed()
    return asked.finally(() => answered(took()))
  }

  return {
    name: tokenWebhookName,
    verifyToken,
    authenticate({ authorization }): Authentication | Promise<Authentication> {
      const bearer = bearerToken(authorization)
      return bearer.form === 'token' ? verifyToken(bearer.token, own) : { outcome: 'no-opinion' }
    },
  }
}
