// Who am I, as this server sees it.

import type { UserInfo } from '../../api/user.ts'
import { decodeBody } from '../decode.ts'
import type { Reply } from '../exchange.ts'
import type { ResourceContext } from '../request-context.ts'
import { objectReply } from '../respond.ts'

export async function selfSubjectReview(context: ResourceContext): Promise<Reply> {
  const review = await decodeBody(context)
  return objectReply(context, context.served, { ...review, ...{ status: { userInfo: wireUser(context.user) } } }, 201)
}

/** UserInfo as authentication.k8s.io/v1 writes it. */
export function wireUser({ name, uid, groups, extra }: UserInfo): object {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  }
}
