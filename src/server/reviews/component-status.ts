// componentstatuses: deprecated upstream; the parts of this cluster report through their own leases and nodes.
import { notFound } from '../../api/status.ts'
import type { Reply } from '../exchange.ts'
import type { ResourceContext } from '../request-context.ts'
import { computedListReply } from '../respond.ts'

export function componentStatuses(context: ResourceContext): Reply {
  const { served, info } = context
  if (info.verb === 'get') throw notFound(served.named, info.name)
  return computedListReply(context, [])
}
