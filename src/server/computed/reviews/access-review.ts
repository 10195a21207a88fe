// Access reviews: whether a user may do something, decided by the same authorizer as requests.
import type { Attributes } from '../../../access/access.ts'
import type { KubeObject } from '../../../api/object.ts'
import type { SelfSubjectAccessReviewSpec, SubjectAccessReviewSpec } from '../../../api/types/authorization-v1.ts'
import type { UserInfo } from '../../../api/user.ts'
import { objectReply } from '../../answers/respond.ts'
import type { Reply } from '../../http/exchange.ts'
import { webhookAnnotation } from '../../request/audit-annotations.ts'
import type { ResourceContext, ResourceHandler } from '../../request/request-context.ts'
import type { ReviewParts } from './index.ts'
import { receiveReview } from './receive-review.ts'
import { fieldSelectorText, labelSelectorText } from './review-selectors.ts'

type Spec = SelfSubjectAccessReviewSpec & Partial<SubjectAccessReviewSpec>

interface Review extends KubeObject {
  spec: Spec
}

type Parts = Pick<ReviewParts, 'authorize'>

/** Also for LocalSubjectAccessReview, whose namespace is checked by its validation. */
export function subjectAccessReview(parts: Parts): ResourceHandler {
  return async context => {
    const review = (await receiveReview(context)) as Review
    return answer(parts, context, review, subjectOf(review.spec))
  }
}

export function selfSubjectAccessReview(parts: Parts): ResourceHandler {
  return async context => answer(parts, context, (await receiveReview(context)) as Review, context.user)
}

function subjectOf({ user = '', groups = [], uid, extra }: Spec): UserInfo {
  return { name: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) }
}

async function answer(parts: Parts, context: ResourceContext, review: Review, user: UserInfo): Promise<Reply> {
  const attributes = attributesOf(review.spec, user)
  const verdict = await parts.authorize(attributes, review)
  const denied = !verdict.allowed && verdict.denied === true ? { denied: true } : {}
  const failed = !verdict.allowed && verdict.error !== undefined ? { evaluationError: verdict.error } : {}
  const status = { allowed: verdict.allowed, ...denied, ...(verdict.reason === '' ? {} : { reason: verdict.reason }), ...failed }
  if (verdict.webhook !== undefined) context.annotate(webhookAnnotation, verdict.webhook)
  return objectReply(context, context.served, { ...review, ...{ status } }, 201)
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Spec, user: UserInfo): Attributes {
  const { namespace = '', verb = '', group = '', version = '', resource = '', subresource = '', name = '' } = resourceAttributes ?? {}
  const isResource = resourceAttributes !== undefined && resourceAttributes !== null
  const fieldSelector = fieldSelectorText(resourceAttributes?.fieldSelector)
  const labelSelector = labelSelectorText(resourceAttributes?.labelSelector)
  return {
    user,
    verb: isResource ? verb : (nonResourceAttributes?.verb ?? ''),
    isResource,
    group,
    version: version === '' ? '*' : version,
    resource,
    subresource,
    namespace,
    name,
    path: nonResourceAttributes?.path ?? '',
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  }
}
