// Whether a bearer token is good, for whom, and for which audiences: the question of a TokenReview.
import type { Authentication } from './access.ts'
import { type Authenticate, notIts } from './authenticate.ts'
import type { ServiceAccountTokenAuthenticator } from './authenticators/service-account-token.ts'
import type { DenyList } from './revocation.ts'

export interface TokenReviewParts {
  readonly serviceAccountTokens: Pick<ServiceAccountTokenAuthenticator, 'verifyToken'>
  readonly authenticate: Authenticate
  readonly denyList: DenyList
  /** The API server's own. */
  readonly audiences: readonly string[]
}

export type ReviewedToken = Authentication & { readonly audiences?: readonly string[] }
/** No audiences: those of the API server. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<ReviewedToken>

export function createTokenReview({ serviceAccountTokens, authenticate, denyList, audiences: own }: TokenReviewParts): ReviewToken {
  return async (token, wanted) => {
    const audiences = wanted.length > 0 ? wanted : own
    const verified = serviceAccountTokens.verifyToken(token, audiences)
    if (verified.outcome === 'authenticated') {
      const denied = denyList.denies(verified)
      return denied === undefined ? verified : { outcome: 'rejected', reason: denied }
    }
    if (verified.outcome === 'rejected') return verified
    // Tokens of other kinds know no audience: they are for this API server only, and say nothing to another one.
    const shared = audiences.filter(audience => own.includes(audience))
    if (shared.length === 0) return { outcome: 'no-opinion' }
    const answer = await authenticate({ authorization: `Bearer ${token}`, remoteAddress: '' })
    if (answer.outcome === 'authenticated') return { ...answer, audiences: shared }
    const isNobodys = answer.outcome === 'rejected' && answer.asked?.every(({ reason }) => reason === notIts)
    return isNobodys ? { outcome: 'no-opinion' } : answer
  }
}
