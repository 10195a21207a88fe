// Reviews: resources that are computed and not stored, about access, tokens and the user itself.
import type { ReviewToken } from '../../../access/tokens/token-review.ts'
import type { WriteParts } from '../../objects/write-parts.ts'
import type { Authorize } from '../../request/authorize.ts'
import type { ResourceHandler } from '../../request/request-context.ts'
import type { ServedResources } from '../../resource/served-resource.ts'
import { binding } from '../../subresources/binding.ts'
import { selfSubjectAccessReview, subjectAccessReview } from './access-review.ts'
import { componentStatuses } from './component-status.ts'
import { type RulesFor, selfSubjectRulesReview } from './rules-review.ts'
import { selfSubjectReview } from './self-subject-review.ts'
import { tokenReview } from './token-review.ts'

export type { RulesFor }

export interface ReviewParts {
  readonly authorize: Authorize
  /** Without it TokenReviews are refused. */
  readonly reviewToken?: ReviewToken
  readonly writeParts: WriteParts
  readonly resources: ServedResources
  readonly rulesFor?: RulesFor
}

/** By group resource. */
export function reviewHandlers(parts: ReviewParts): ReadonlyMap<string, ResourceHandler> {
  return new Map<string, ResourceHandler>([
    ['bindings', binding(parts)],
    ['componentstatuses', componentStatuses],
    ['tokenreviews.authentication.k8s.io', tokenReview(parts.reviewToken)],
    ['selfsubjectreviews.authentication.k8s.io', selfSubjectReview],
    ['subjectaccessreviews.authorization.k8s.io', subjectAccessReview(parts)],
    ['localsubjectaccessreviews.authorization.k8s.io', subjectAccessReview(parts)],
    ['selfsubjectaccessreviews.authorization.k8s.io', selfSubjectAccessReview(parts)],
    ['selfsubjectrulesreviews.authorization.k8s.io', selfSubjectRulesReview(parts)],
  ])
}
