// Is this token good, and whose is it.
import type { ReviewToken } from '../../../access/token-review.ts'
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
    // Only this credential decides, and it comes from nowhere: no address or certificate of the asker counts.
    const answer = await reviewToken(token, audiences ?? [])
    // As upstream, a refusal sets only what it decides: what the client put into the status stays there, but for the verdict.
    const { authenticated: _claimed, ...sent } = review.status ?? {}
    const status =
      answer.outcome === 'authenticated'
        ? { ...sent, authenticated: true, user: wireUser(answer.user), audiences: answer.audiences }
        : { user: {}, ...sent, error: answer.outcome === 'rejected' ? `[${invalidToken}, ${answer.reason}]` : invalidToken }
    return objectReply(context, context.served, { ...review, ...{ status } }, 201)
  }
}
