// authorization.k8s.io/v1 LocalSubjectAccessReview: the server answers it; nothing is stored.

import type { LocalSubjectAccessReview } from '../../types/authorization-v1.ts'
import { defineResource } from '../resource.ts'
import { validateSubjectReview } from './access-attributes.ts'

export const localSubjectAccessReview = defineResource<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  namespaced: true,
  verbs: ['create'],
  virtual: true,
  validate: review => validateSubjectReview(review, true),
})
