// What the cluster's registry asks, and what its users ask for it.
import type { ResourceHandler } from '../../request/request-context.ts'
import { type IssueRegistryToken, registryToken } from './registry-token.ts'
import { type RepositoryAccessParts, repositoryAccessReview } from './repository-access-review.ts'

export type { ReviewRegistryToken } from './repository-access-review.ts'
export type { IssueRegistryToken }

export interface RegistryParts extends RepositoryAccessParts {
  readonly issueRegistryToken?: IssueRegistryToken
}

/** By group resource. */
export function registryHandlers(parts: RegistryParts): ReadonlyMap<string, ResourceHandler> {
  return new Map<string, ResourceHandler>([
    ['registrytokens.supply.bulkhead.dev', registryToken(parts.issueRegistryToken)],
    ['repositoryaccessreviews.supply.bulkhead.dev', repositoryAccessReview(parts)],
  ])
}
