// Answers a TokenReview: whether a bearer token is valid, for which user, and for which audiences.
import type { ReviewedToken } from '../access.ts'
import { type Authenticate, unknownForm } from '../authenticate.ts'
import type { ServiceAccountTokenAuthenticator } from '../authenticators/service-account-token.ts'
import { type TokenWebhook, tokenWebhookName } from '../authenticators/token-webhook.ts'
import type { DenyList } from '../revocation.ts'

export interface TokenReviewParts {
  readonly serviceAccountTokens: Pick<ServiceAccountTokenAuthenticator, 'verifyToken'>
  /** Undefined if there is none; one of the authenticators of `authenticate`. */
  readonly tokenWebhook?: Pick<TokenWebhook, 'verifyToken'> | undefined
  readonly authenticate: Authenticate
  readonly denyList: DenyList
  /** The audiences of the API server. */
  readonly audiences: readonly string[]
}

/** Without audiences: those of the API server. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<ReviewedToken>

export function createTokenReview({
  serviceAccountTokens,
  tokenWebhook,
  authenticate,
  denyList,
  audiences: own,
}: TokenReviewParts): ReviewToken {
  const unlessDenied = (verified: ReviewedToken): ReviewedToken => {
    const denied = verified.outcome === 'authenticated' ? denyList.denies(verified) : undefined
    return denied === undefined ? verified : { outcome: 'rejected', reason: denied }
  }
  return async (token, wanted) => {
    const audiences = wanted.length > 0 ? wanted : own
    const verified = serviceAccountTokens.verifyToken(token, audiences)
    if (verified.outcome !== 'no-opinion') return unlessDenied(verified)
    const shared = audiences.filter(audience => own.includes(audience))
    // A webhook's tokens may be for other audiences, as it reports. Tokens of other kinds have no audiences: they are only for this API
    // server.
    const callWebhook = async (): Promise<ReviewedToken> =>
      unlessDenied((await tokenWebhook?.verifyToken(token, audiences)) ?? { outcome: 'no-opinion' })
    if (shared.length === 0) return await callWebhook()
    const answer = await authenticate({ authorization: `Bearer ${token}`, remoteAddress: '' })
    if (answer.outcome === 'authenticated' && answer.authenticator === tokenWebhookName) return await callWebhook()
    if (answer.outcome === 'authenticated') return { ...answer, audiences: shared }
    const isNobodys = answer.outcome === 'rejected' && answer.asked?.every(({ reason }) => reason === unknownForm)
    return isNobodys ? await callWebhook() : answer
  }
}
