// May this user do that, asked of the same authorizer that judges requests.
import type { Attributes } from '../../access/access.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { invalid } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { decodeBody } from '../decode.ts'
import type { Reply } from '../exchange.ts'
import type { ResourceContext } from '../request-context.ts'
import type { ResourceHandler } from '../resource-verbs.ts'
import { objectReply } from '../respond.ts'
import type { ReviewParts } from './index.ts'

interface ReviewSpec {
  resourceAttributes?: {
    namespace?: string
    verb?: string
    group?: string
    version?: string
    resource?: string
    subresource?: string
    name?: string
  }
  nonResourceAttributes?: { path?: string; verb?: string }
  user?: string
  groups?: string[]
  uid?: string
  extra?: Record<string, string[]>
}

interface Review extends KubeObject {
  spec: ReviewSpec
}

type Parts = Pick<ReviewParts, 'authorize'>

export function subjectAccessReview(parts: Parts): ResourceHandler {
  return async context => {
    const review = await read(context)
    const errors = judge(review.spec)
    if (!review.spec.user && (review.spec.groups ?? []).length === 0) {
      errors.push(invalidValue('spec.user', review.spec.user ?? '', 'at least one of user or group must be specified'))
    }
    return answer(parts, context, review, subjectOf(review.spec), errors)
  }
}

export function localSubjectAccessReview(parts: Parts): ResourceHandler {
  return async context => {
    const review = await read(context)
    const errors = judge(review.spec)
    const { namespace } = context.info
    if (review.spec.nonResourceAttributes) {
      errors.push(forbiddenField('spec.nonResourceAttributes', 'disallowed on this kind of request'))
    }
    const asked = review.spec.resourceAttributes?.namespace ?? ''
    if (asked !== namespace) {
      errors.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'))
    }
    if (!review.spec.user && (review.spec.groups ?? []).length === 0) {
      errors.push(invalidValue('spec.user', review.spec.user ?? '', 'at least one of user or group must be specified'))
    }
    return answer(parts, context, review, subjectOf(review.spec), errors)
  }
}

export function selfSubjectAccessReview(parts: Parts): ResourceHandler {
  return async context => {
    const review = await read(context)
    return answer(parts, context, review, context.user, judge(review.spec))
  }
}

async function read(context: ResourceContext): Promise<Review> {
  const review = (await decodeBody(context)) as Review
  review.spec ??= {}
  return review
}

function subjectOf({ user = '', groups = [], uid, extra }: ReviewSpec): UserInfo {
  return { name: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) }
}

function judge({ resourceAttributes, nonResourceAttributes }: ReviewSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    return [invalidValue('spec.nonResourceAttributes', nonResourceAttributes, 'cannot be specified in combination with resourceAttributes')]
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    return [required('spec.resourceAttributes', 'exactly one of nonResourceAttributes or resourceAttributes must be specified')]
  }
  return []
}

function answer(parts: Parts, context: ResourceContext, review: Review, user: UserInfo, errors: readonly FieldError[]): Reply {
  const { served } = context
  if (errors.length > 0) throw invalid(served.definition, '', errors)
  const verdict = parts.authorize(attributesOf(review.spec, user))
  const status = { allowed: verdict.allowed, ...(verdict.reason === '' ? {} : { reason: verdict.reason }) }
  return objectReply(context, served, { ...review, ...{ status } }, 201)
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: ReviewSpec, user: UserInfo): Attributes {
  const { namespace = '', verb = '', group = '', version = '', resource = '', subresource = '', name = '' } = resourceAttributes ?? {}
  const isResource = resourceAttributes !== undefined && resourceAttributes !== null
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
  }
}
