// Is this token good, and whose is it.
import { badRequest } from '../../api/status.ts'
import type { TokenReview } from '../../api/types/authentication-v1.ts'
import { decodeBody } from '../decode.ts'
import type { ResourceHandler } from '../resource-verbs.ts'
import { objectReply } from '../respond.ts'
import type { ReviewParts } from './index.ts'
import { wireUser } from './self-subject-review.ts'

export function tokenReview({ authenticate }: Pick<ReviewParts, 'authenticate'>): ResourceHandler {
  return async context => {
    const review = (await decodeBody(context)) as TokenReview
    const { token = '', audiences } = review.spec
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    // Only this credential decides, and it comes from nowhere: no address or certificate of the asker counts.
    const answer = await authenticate({ authorization: `Bearer ${token}`, remoteAddress: context.request.credentials.remoteAddress })
    const status =
      answer.outcome === 'authenticated'
        ? { authenticated: true, user: wireUser(answer.user), ...(audiences ? { audiences } : {}) }
        : { error: answer.outcome === 'rejected' ? answer.reason : 'the token is not known to any authenticator', user: {} }
    // The token itself is not sent back to where it may be logged.
    return objectReply(context, context.served, { ...review, ...{ spec: { ...review.spec, token: '' }, status } }, 201)
  }
}
