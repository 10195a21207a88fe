// authorization.k8s.io/v1 SelfSubjectRulesReview: the server answers it; nothing is stored.

import type { SelfSubjectRulesReview } from '../../types/authorization-v1.ts'
import { defineResource } from '../resource.ts'

export const selfSubjectRulesReview = defineResource<SelfSubjectRulesReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
})
