// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { localSubjectAccessReview } from './local-subject-access-review.ts'
import { selfSubjectAccessReview } from './self-subject-access-review.ts'
import { selfSubjectRulesReview } from './self-subject-rules-review.ts'
import { subjectAccessReview } from './subject-access-review.ts'

export const authorizationResources: readonly ResourceDefinition[] = [
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
]
