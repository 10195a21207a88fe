// Is this token good, and whose is it.
import type { ReviewToken } from '../../access/token-review.ts'
import { apiError, badRequest } from '../../api/status.ts'
import type { TokenReview } from '../../api/types/authentication-v1.ts'
import { decodeBody } from '../decode.ts'
import type { ResourceHandler } from '../resource-verbs.ts'
import { objectReply } from '../respond.ts'
import { wireUser } from './self-subject-review.ts'

export function tokenReview(reviewToken: ReviewToken | undefined): ResourceHandler {
  return async context => {
    if (reviewToken === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server reviews no tokens')
    const review = (await decodeBody(context)) as TokenReview
    const { token = '', audiences } = review.spec
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    // Only this credential decides, and it comes from nowhere: no address or certificate of the asker counts.
    const answer = await reviewToken(token, audiences ?? [])
    const status =
      answer.outcome === 'authenticated'
        ? { authenticated: true, user: wireUser(answer.user), ...(answer.audiences ? { audiences: answer.audiences } : {}) }
        : { error: answer.outcome === 'rejected' ? answer.reason : 'the token is not known to any authenticator', user: {} }
    // The token itself is not sent back to where it may be logged.
    return objectReply(context, context.served, { ...review, ...{ spec: { ...review.spec, token: '' }, status } }, 201)
  }
}
