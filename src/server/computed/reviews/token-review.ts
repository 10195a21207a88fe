// TokenReview: whether a token is valid, and its user.
import type { ReviewToken } from '../../../access/tokens/token-review.ts'
import { apiError, badRequest } from '../../../api/status.ts'
import type { TokenReview } from '../../../api/types/authentication-v1.ts'
import { objectReply } from '../../answers/respond.ts'
import type { ResourceHandler } from '../../request/request-context.ts'
import { receiveReview } from './receive-review.ts'
import { wireUser } from './self-subject-review.ts'

const invalidToken = 'invalid bearer token'

export function tokenReview(reviewToken: ReviewToken | undefined): ResourceHandler {
  return async context => {
    if (reviewToken === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server reviews no tokens')
    const review = (await receiveReview(context)) as TokenReview
    const { token = '', audiences } = review.spec
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    // Only this token counts, not the address or certificate of the client.
    const answer = await reviewToken(token, audiences ?? [])
    // As upstream, a refusal sets only its own fields; others that the client put into the status stay.
    const { authenticated: _claimed, ...sent } = review.status ?? {}
    const status =
      answer.outcome === 'authenticated'
        ? { ...sent, authenticated: true, user: wireUser(answer.user), audiences: answer.audiences }
        : { user: {}, ...sent, error: answer.outcome === 'rejected' ? `[${invalidToken}, ${answer.reason}]` : invalidToken }
    return objectReply(context, context.served, { ...review, ...{ status } }, 201)
  }
}
