// SelfSubjectReview: the user as this server sees it.

import type { UserInfo } from '../../../api/user.ts'
import { formatTime } from '../../../base/clock.ts'
import { objectReply } from '../../answers/respond.ts'
import type { Reply } from '../../http/exchange.ts'
import type { ResourceContext } from '../../request/request-context.ts'
import { receiveReview } from './receive-review.ts'

export async function selfSubjectReview(context: ResourceContext): Promise<Reply> {
  const { apiVersion, kind } = await receiveReview(context)
  // Nothing of the request is returned.
  const status = { userInfo: wireUser(context.user) }
  return objectReply(
    context,
    context.served,
    { kind, apiVersion, metadata: { creationTimestamp: formatTime(context.now) }, ...{ status } },
    201,
  )
}

/** UserInfo in the form of authentication.k8s.io/v1. */
export function wireUser({ name, uid, groups, extra }: UserInfo): object {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  }
}
