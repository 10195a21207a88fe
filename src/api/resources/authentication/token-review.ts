// authentication.k8s.io/v1 TokenReview: the server answers it; nothing is stored.

import type { TokenReview } from '../../types/authentication-v1.ts'
import { defineResource } from '../resource.ts'

export const tokenReview = defineResource<TokenReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
})
