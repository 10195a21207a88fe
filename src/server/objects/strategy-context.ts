// The part of the request that a resource's pure functions may use.
import type { StrategyContext } from '../../api/resources/resource.ts'
import type { RequestContext } from '../request/request-context.ts'

export function strategyContext(context: RequestContext): StrategyContext {
  const { user, now, warn } = context
  return {
    now,
    warn,
    userName: user.name,
    userGroups: user.groups,
    ...(user.uid === undefined ? {} : { userUid: user.uid }),
    ...(user.extra === undefined ? {} : { userExtra: user.extra }),
  }
}
