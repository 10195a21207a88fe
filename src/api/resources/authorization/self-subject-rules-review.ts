// authorization.k8s.io/v1 SelfSubjectRulesReview: the server answers it; nothing is stored.
import { defineResource } from '../../resource.ts'
import type { SelfSubjectRulesReview } from '../../types/authorization-v1.ts'

export const selfSubjectRulesReview = defineResource<SelfSubjectRulesReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
})
