// supply.bulkhead.dev/v1 RepositoryAccessReview: the question of the cluster's registry at each request; nothing is stored.
import { type FieldError, invalidValue, notSupported, tooLong } from '../../field-error.ts'
import { parseRepositoryName, repositoryVerbs } from '../../repository-name.ts'
import type { RepositoryAccessReview } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { boundedList } from './bounded-fields.ts'

/** Repositories in one question. */
export const maxReviewed = 100
/** No header that the API server accepts has a longer one. */
export const maxTokenBytes = 16_384

export const repositoryAccessReview = defineResource<RepositoryAccessReview>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'RepositoryAccessReview',
  plural: 'repositoryaccessreviews',
  namespaced: false,
  verbs: ['create'],
  virtual: true,
  validate({ spec }): FieldError[] {
    const { token = '', verb = '', repositories = [] } = spec ?? {}
    const verbs: readonly string[] = repositoryVerbs
    return [
      ...(token.length > maxTokenBytes ? [tooLong('spec.token', maxTokenBytes)] : []),
      ...(verbs.includes(verb) ? [] : [notSupported('spec.verb', verb, verbs)]),
      ...boundedList('spec.repositories', repositories, maxReviewed, (name, at) =>
        parseRepositoryName(name) === undefined ? [invalidValue(at, name, 'must be a namespace, "/", and a name')] : [],
      ),
    ]
  },
})
