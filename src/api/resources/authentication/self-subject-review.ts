// authentication.k8s.io/v1 SelfSubjectReview: the server answers it; nothing is stored.
import { defineResource } from '../../resource.ts'
import type { SelfSubjectReview } from '../../types/authentication-v1.ts'

export const selfSubjectReview = defineResource<SelfSubjectReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
})
