// The verb get: one object, as stored.
import { notFound } from '../../api/status.ts'
import { entryReply } from '../answers/respond.ts'
import type { Reply } from '../http/exchange.ts'
import { requiredRevision, tooLargeRevision } from '../request/list-options.ts'
import type { ResourceContext } from '../request/request-context.ts'

/** Also for subresources whose body is the object itself. */
export async function get(context: ResourceContext, revision: number): Promise<Reply> {
  const { served, info } = context
  const wanted = context.query.get('resourceVersion')
  if (wanted !== undefined && wanted !== '') {
    const requested = requiredRevision(wanted)
    if (requested > revision) throw tooLargeRevision(wanted, revision)
  }
  const entry = served.collection.get(served.definition.namespaced ? info.namespace : '', info.name)
  if (entry === undefined) throw notFound(served.named, info.name)
  if (served.conversion) await served.conversion.prepare([entry], context.request.signal)
  return entryReply(context, entry)
}
