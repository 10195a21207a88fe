// update: replaces an object, or one side of it through a subresource.
import { copyJson } from '../../base/data/copy-json.ts'
import { writtenReply } from '../answers/respond.ts'
import type { Reply } from '../http/exchange.ts'
import { createObject } from '../objects/create-object.ts'
import { trackFields, trackNewFields } from '../objects/field-management.ts'
import { matchPlace } from '../objects/object-meta.ts'
import { updateObject } from '../objects/update-object.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { decodeBody } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import type { ResourceContext } from '../request/request-context.ts'

export async function update(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  const { served, info } = context
  const dryRun = isDryRun(context.query.all('dryRun'))
  const sent = await decodeBody(context)
  matchPlace(sent.metadata, info, served.definition.namespaced)
  const mayCreate = info.subresource === '' && served.definition.allowCreateOnUpdate === true
  const written = await updateObject(parts, context, {
    namespace: served.definition.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    dryRun,
    answers: 200,
    sent: sent.metadata,
    track: trackFields(context),
    next: async () => copyJson(sent),
    ...(mayCreate
      ? {
          async createMissing() {
            await parts.requireCreate?.(context)
            // Upstream's storage ignores the version for a missing object.
            delete sent.metadata.resourceVersion
            return createObject(parts, context, sent, dryRun, trackNewFields(context))
          },
        }
      : {}),
  })
  return writtenReply(context, written)
}
