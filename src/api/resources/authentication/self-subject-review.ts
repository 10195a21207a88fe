// authentication.k8s.io/v1 SelfSubjectReview: the server answers it; nothing is stored.

import type { SelfSubjectReview } from '../../types/authentication-v1.ts'
import { defineResource } from '../resource.ts'

export const selfSubjectReview = defineResource<SelfSubjectReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
})
