// componentstatuses: deprecated upstream; the parts of this cluster report through their own leases and nodes.
import { notFound } from '../../../api/status.ts'
import { computedListReply } from '../../answers/respond.ts'
import type { Reply } from '../../http/exchange.ts'
import type { ResourceContext } from '../../request/request-context.ts'

export async function componentStatuses(context: ResourceContext): Promise<Reply> {
  const { served, info } = context
  if (info.verb === 'get') throw notFound(served.named, info.name)
  return computedListReply(context, [])
}
