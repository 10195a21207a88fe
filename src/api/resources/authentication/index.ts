// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { selfSubjectReview } from './self-subject-review.ts'
import { tokenReview } from './token-review.ts'

export const authenticationResources: readonly ResourceDefinition[] = [selfSubjectReview, tokenReview]
