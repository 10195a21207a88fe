// RepositoryAccessReview: whether the owner of a token may pull from, push to or delete in repositories. Token and rights are verified anew
// at each review, so that what is revoked ends with the next request.
import type { Attributes, ReviewedToken } from '../../../access/access.ts'
import { parseRepositoryName, repositoriesGroup, repositoriesResource } from '../../../api/repository-name.ts'
import { apiError } from '../../../api/status.ts'
import type { RepositoryAccessReview, RepositoryAccessReviewStatus } from '../../../api/types/supply-v1.ts'
import type { UserInfo } from '../../../api/user.ts'
import { objectReply } from '../../answers/respond.ts'
import type { Authorize } from '../../request/authorize.ts'
import type { ResourceHandler } from '../../request/request-context.ts'
import { receiveReview } from '../reviews/receive-review.ts'

/** A token for the registry's audience or that of the API server. */
export type ReviewRegistryToken = (token: string) => Promise<ReviewedToken>

export interface RepositoryAccessParts {
  readonly authorize: Authorize
  /** Without it the reviews are refused. */
  readonly reviewRegistryToken?: ReviewRegistryToken
  /** Bytes that quotas of the namespace leave to the registry; undefined for no such quota. */
  storageOf?(namespace: string): number | undefined
}

export function repositoryAccessReview(parts: RepositoryAccessParts): ResourceHandler {
  return async context => {
    const { reviewRegistryToken } = parts
    if (reviewRegistryToken === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server reviews no tokens of a registry')
    const review = (await receiveReview(context)) as RepositoryAccessReview
    const answer = await reviewRegistryToken(review.spec.token)
    const status =
      answer.outcome === 'authenticated'
        ? await accessOf(parts, answer.user, review)
        : { authenticated: false, reason: answer.outcome === 'rejected' ? answer.reason : 'the token is unknown' }
    if (status.authenticated) context.annotate(accessAnnotation, accessText(review, status))
    // The token is not sent back.
    return objectReply(context, context.served, { ...review, ...{ spec: { ...review.spec, token: '' }, status } }, 201)
  }
}

/** Who asked for what, and what was allowed: the request itself is the registry's. */
const accessAnnotation = 'supply.bulkhead.dev/repository-access'
const maxNamed = 5

function accessText({ spec }: RepositoryAccessReview, { username, allowed = [] }: RepositoryAccessReviewStatus): string {
  const repositories = spec.repositories ?? []
  const named = repositories.slice(0, maxNamed).map(name => `${name} ${allowed.includes(name) ? 'allowed' : 'not allowed'}`)
  const more = repositories.length > maxNamed ? `, and ${repositories.length - maxNamed} more` : ''
  return `${username} ${spec.verb}${named.length === 0 ? '' : ` ${named.join(', ')}${more}`}`
}

async function accessOf(
  { authorize, storageOf }: RepositoryAccessParts,
  user: UserInfo,
  { spec }: RepositoryAccessReview,
): Promise<RepositoryAccessReviewStatus> {
  const allowed: string[] = []
  let reason = ''
  const repositories = spec.repositories ?? []
  const question = {}
  for (const repository of repositories) {
    const attributes = attributesOf(user, spec.verb, repository)
    if (attributes === undefined) continue
    const verdict = await authorize(attributes, question)
    if (verdict.allowed) allowed.push(repository)
    else if (reason === '') reason = verdict.reason
  }
  const namespace = parseRepositoryName(repositories[0] ?? '')?.namespace
  const storage = spec.verb === 'push' && namespace !== undefined ? storageOf?.(namespace) : undefined
  return {
    authenticated: true,
    username: user.name,
    ...(reason === '' ? {} : { reason }),
    allowed,
    ...(storage === undefined ? {} : { storage }),
  }
}

function attributesOf(user: UserInfo, verb: string, repository: string): Attributes | undefined {
  const parsed = parseRepositoryName(repository)
  return (
    parsed && {
      ...{ user, verb, isResource: true, group: repositoriesGroup, version: 'v1', resource: repositoriesResource, subresource: '' },
      ...{ namespace: parsed.namespace, name: parsed.name, path: '' },
    }
  )
}
