// authorization.k8s.io/v1 SelfSubjectAccessReview: the server answers it; nothing is stored.

import type { SelfSubjectAccessReview } from '../../types/authorization-v1.ts'
import { defineResource } from '../resource.ts'
import { validateSelfReview } from './access-attributes.ts'

export const selfSubjectAccessReview = defineResource<SelfSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
  validate: validateSelfReview,
})
