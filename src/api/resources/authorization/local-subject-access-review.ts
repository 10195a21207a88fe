// authorization.k8s.io/v1 LocalSubjectAccessReview: the server answers it; nothing is stored.
import { defineResource } from '../../resource.ts'
import type { LocalSubjectAccessReview } from '../../types/authorization-v1.ts'
import { createdAtColumn, nameColumn } from '../standard-columns.ts'
import { validateSubjectReview } from './access-attributes.ts'

export const localSubjectAccessReview = defineResource<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  namespaced: true,
  verbs: ['create'],
  virtual: true,
  columns: [nameColumn, createdAtColumn],
  validate: review => validateSubjectReview(review, true),
})
