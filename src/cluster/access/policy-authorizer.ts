// The `authorizer` variable of expressions: the server's own authorizers, for the request's user or for a ServiceAccount.
import { type Attributes, authenticatedGroup } from '../../access/access.ts'
import type { Authorize } from '../../access/authorize.ts'
import { accountGroups, accountUser } from '../../access/credentials/service-account-claims.ts'
import type { DecideFor } from '../../admission/policy/request-view.ts'
import type { CheckAttributes } from '../../api/cel/library/authorizer.ts'
import type { UserInfo } from '../../api/user.ts'

export function policyAuthorizer(authorize: Authorize): DecideFor {
  return request => async check => {
    const verdict = await authorize(attributesOf(subjectOf(check, request.user), check), request)
    const { allowed, reason } = verdict
    return { allowed, reason, ...(verdict.allowed || verdict.error === undefined ? {} : { error: verdict.error }) }
  }
}

function subjectOf({ serviceAccount }: CheckAttributes, user: UserInfo): UserInfo {
  if (serviceAccount === undefined) return user
  const { namespace, name } = serviceAccount
  return { name: accountUser(namespace, name), groups: [...accountGroups(namespace), authenticatedGroup] }
}

/** An expression names no version: upstream uses `*`. */
function attributesOf(user: UserInfo, check: CheckAttributes): Attributes {
  const { verb, path, group = '', resource = '', subresource = '', namespace = '', name = '', fieldSelector, labelSelector } = check
  return {
    ...{ user, verb, group, resource, subresource, namespace, name },
    isResource: path === undefined,
    version: '*',
    path: path ?? '',
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  }
}
