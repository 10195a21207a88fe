// authorization.k8s.io/v1 SubjectAccessReview: the server answers it; nothing is stored.

import type { SubjectAccessReview } from '../../types/authorization-v1.ts'
import { defineResource } from '../resource.ts'
import { validateSubjectReview } from './access-attributes.ts'

export const subjectAccessReview = defineResource<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
  validate: review => validateSubjectReview(review, false),
})
