// create: a new object under a name of the client's or of the server's making.
import { createObject } from '../create-object.ts'
import { decodeBody } from '../decode.ts'
import { isDryRun } from '../dry-run.ts'
import type { Reply } from '../exchange.ts'
import { trackNewFields } from '../field-management.ts'
import type { ResourceContext } from '../request-context.ts'
import { writtenReply } from '../respond.ts'
import type { WriteParts } from '../write-parts.ts'

export async function create(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  const dryRun = isDryRun(context.query.all('dryRun'))
  const object = await decodeBody(context)
  return writtenReply(context, await createObject(parts, context, object, dryRun, trackNewFields(context)))
}
