// RegistryToken: a password for the cluster's registry, for the user of the request.

import type { Authenticated } from '../../../access/revocation.ts'
import type { IssuedRegistryToken } from '../../../access/tokens/registry-token.ts'
import { maxRegistrySeconds } from '../../../api/resources/supply/registry-token.ts'
import { apiError, badRequest } from '../../../api/status.ts'
import type { RegistryToken } from '../../../api/types/supply-v1.ts'
import { objectReply } from '../../answers/respond.ts'
import { isDryRun } from '../../request/dry-run.ts'
import type { ResourceHandler } from '../../request/request-context.ts'
import { receiveReview } from '../reviews/receive-review.ts'

export type IssueRegistryToken = (
  authentication: Authenticated,
  expirationSeconds: number,
  signal: AbortSignal,
) => Promise<IssuedRegistryToken>

const accountPrefix = 'system:serviceaccount:'

export function registryToken(issue: IssueRegistryToken | undefined): ResourceHandler {
  return async context => {
    if (issue === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server has no signer for tokens of the registry')
    const { user, authentication, request } = context
    // The token would outlive the impersonation's right, and name another's credential.
    if (user.name !== authentication.user.name) throw badRequest('a token for the registry cannot be requested for an impersonated user')
    // Theirs are bound to what they are bound to.
    if (user.name.startsWith(accountPrefix))
      throw badRequest(
        'a ServiceAccount logs in to the registry with its own token: kubectl create token NAME --audience registry.bulkhead.dev',
      )
    const asked = (await receiveReview(context)) as RegistryToken
    const issued = await issue(authentication, asked.spec?.expirationSeconds ?? maxRegistrySeconds, request.signal)
    if (!isDryRun(context.query.all('dryRun'))) context.annotate('authentication.kubernetes.io/issued-credential-id', issued.credentialId)
    const token = isDryRun(context.query.all('dryRun')) ? '' : issued.token
    const status = { username: user.name, token, expirationTimestamp: issued.expirationTimestamp }
    return objectReply(context, context.served, { ...asked, ...{ status } }, 201)
  }
}
