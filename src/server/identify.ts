// The two identities of a request: the authenticated user, and the impersonated one.
import { type Authentication, anonymousUser, type Credentials } from '../access/access.ts'
import type { Authenticated, DenyList } from '../access/revocation.ts'
import { apiError, unauthorized } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import type { Logger } from '../base/log.ts'
import { writeJson } from '../base/write-json.ts'
import type { ServerRequest } from './http/exchange.ts'
import { recordOpinions } from './paths/why/record-refusal.ts'
import { decisionAnnotation, reasonAnnotation } from './request/audit-annotations.ts'
import type { Authorize } from './request/authorize.ts'
import { impersonate, wantsImpersonation } from './request/impersonate.ts'
import type { RequestInfo } from './request/request-info.ts'
import type { RequestScope } from './request-scope.ts'

export interface IdentityParts {
  readonly authenticate: (credentials: Credentials) => Promise<Authentication>
  /** Called by `authenticate` too; here it refuses users that may not be impersonated. */
  readonly denyList?: DenyList
  readonly authorize: Authorize
  readonly log: Logger
  /** Paths that accept requests without credentials: the authorizer still decides whether they are allowed. */
  allowsAnonymous(path: string): boolean
}

const anonymous: Authenticated = { outcome: 'authenticated', user: anonymousUser, credentialId: 'none', authenticator: 'anonymous' }

/** The authenticated user. Rejects with the 401. */
export async function identify(parts: IdentityParts, scope: RequestScope, info: RequestInfo): Promise<Authenticated> {
  const { request, audit } = scope
  if (request.identity) return inProcess(request.identity, parts)
  const authentication = await parts.authenticate(request.credentials)
  switch (authentication.outcome) {
    case 'authenticated':
      return authentication
    case 'rejected':
      recordOpinions(authentication.asked ?? [], audit.annotate)
      parts.log.info('credentials rejected', { reason: authentication.reason, remoteAddress: request.credentials.remoteAddress })
      throw unauthorized()
    case 'no-opinion':
      if (info.isResource || !parts.allowsAnonymous(info.path)) throw unauthorized()
      return anonymous
  }
}

function inProcess(user: UserInfo, { denyList }: IdentityParts): Authenticated {
  const identity: Authenticated = { outcome: 'authenticated', user, credentialId: 'in-process', authenticator: 'in-process' }
  if (denyList?.denies(identity) !== undefined) throw unauthorized()
  return identity
}

export const isImpersonation = ({ impersonates, headers }: ServerRequest): boolean => impersonates ?? wantsImpersonation(headers)

/** Whom the request acts as. Rejects with the 403 of a part that the user may not take on, and of a user that is denied. */
export async function actingUser(parts: IdentityParts, scope: RequestScope, authentication: Authenticated): Promise<UserInfo> {
  const { request, audit } = scope
  const user = await impersonate(authentication.user, request.headers, parts.authorize, scope)
  audit.impersonated = user
  const denied = parts.denyList?.denies({ ...authentication, user })
  if (denied === undefined) return user
  audit.annotate(decisionAnnotation, 'forbid')
  audit.annotate(reasonAnnotation, denied)
  throw apiError(403, 'Forbidden', `cannot act as user ${writeJson(user.name)}: ${denied}`)
}
