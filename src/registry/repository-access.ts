// Asks the API, at each request, whether a token is valid and what its owner may do: a right that was revoked ends with the next request.

import type { RepositoryVerb } from '../api/repository-name.ts'
import type { Client } from '../client/client.ts'
import { repositoryAccessReviews } from '../client/resources.ts'
import { RegistryFault } from './registry-fault.ts'

export type Access =
  | {
      readonly authenticated: true
      readonly username: string
      readonly allowed: ReadonlySet<string>
      /** Why something is not allowed; '' if everything is. */
      readonly reason: string
      /** Bytes that quotas allow the namespace of the first repository; undefined without a quota. For pushes. */
      readonly storage: number | undefined
    }
  | { readonly authenticated: false; readonly reason: string }

export interface RepositoryAccess {
  /** Rejects with a RegistryFault if the API does not answer: then nothing is allowed. */
  review(token: string, verb: RepositoryVerb, repositories: readonly string[], signal: AbortSignal): Promise<Access>
}

export function apiRepositoryAccess(client: Client): RepositoryAccess {
  return {
    async review(token, verb, repositories, signal) {
      const spec = { token, verb, repositories: [...repositories] }
      const { status = {} } = await client
        .create(repositoryAccessReviews, '', { metadata: { name: '' }, spec }, signal)
        .catch((cause: unknown) => {
          throw new RegistryFault('UNAVAILABLE', 'The API server does not answer whether this is allowed', { cause })
        })
      const { authenticated, username = '', reason = '', allowed = [], storage } = status
      if (authenticated !== true) return { authenticated: false, reason }
      return { authenticated, username, reason, allowed: new Set(allowed), storage: storage ?? undefined }
    },
  }
}
