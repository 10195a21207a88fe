// The verb create: a new object, with a name from the client or a generated one.

import { writtenReply } from '../answers/respond.ts'
import type { Reply } from '../http/exchange.ts'
import { createObject } from '../objects/create-object.ts'
import { trackNewFields } from '../objects/field-management.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { decodeBody } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import type { ResourceContext } from '../request/request-context.ts'

export async function create(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  const dryRun = isDryRun(context.query.all('dryRun'))
  const object = await decodeBody(context)
  return writtenReply(context, await createObject(parts, context, object, dryRun, trackNewFields(context)))
}
