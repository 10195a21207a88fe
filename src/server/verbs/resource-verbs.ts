// Chooses the handler of a resource request: that of the verb, unless a subresource or a computed resource has its own.

import { requirePatchType } from '../../api/patch/patch.ts'
import { isReason, type Reason, unknownPath } from '../../api/status.ts'
import { resourceForm } from '../answers/answer-form.ts'
import { unroutedCustom, unservedCustom } from '../custom-resources/custom-route.ts'
import { header, type Reply } from '../http/exchange.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { connections } from '../request/connections.ts'
import type { RequestContext, ResourceContext, ResourceHandler } from '../request/request-context.ts'
import { type ResourceRequestInfo, servedResource } from '../request/request-info.ts'
import { validateWriteOptions } from '../request/write-options.ts'
import type { ServedResources } from '../resource/served-resource.ts'
import { type WatchParts, watch } from '../watch/watch.ts'
import { create } from './create.ts'
import { remove } from './delete.ts'
import { deleteCollection } from './delete-collection.ts'
import { get } from './get.ts'
import { type ListParts, list } from './list.ts'
import { patch } from './patch.ts'
import { update } from './update.ts'

export interface ResourceVerbParts extends WriteParts, ListParts, WatchParts {
  /** By `groupResource/subresource`, for subresources with a body of another kind; `*` stands for any resource. */
  readonly subresources: ReadonlyMap<string, ResourceHandler>
  readonly resources: Pick<ServedResources, 'find' | 'hasBuiltInGroup'>
  /** Reviews and other computed resources, by group resource. */
  readonly computed: ReadonlyMap<string, ResourceHandler>
}

const writingVerbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])
/** Reasons that are about the newest version of an object. */
const reasonsOfState: readonly Reason[] = ['Conflict', 'AlreadyExists', 'NotFound']

export function resourceVerbs(parts: ResourceVerbParts): (context: RequestContext, info: ResourceRequestInfo) => Promise<Reply> {
  const answer = answerOf(parts)
  return async (request, info) => {
    if (!writingVerbs.has(info.verb)) return answer(request, info)
    try {
      return await answer(request, info)
    } catch (err) {
      // A write is refused because of the newest version, which may not be durable yet: the client would not find it, and a crash would
      // undo it.
      if (reasonsOfState.some(reason => isReason(err, reason))) await parts.settled?.()
      throw err
    }
  }
}

function answerOf(parts: ResourceVerbParts): (context: RequestContext, info: ResourceRequestInfo) => Promise<Reply> {
  return async (request, info) => {
    const { served: found } = info
    if (found === undefined && info.group !== '' && !parts.resources.hasBuiltInGroup(info.group)) {
      return unservedCustom(info, parts.resources.find(info.group, info.version, info.resource))
    }
    const unrouted = found?.definition.custom && unroutedCustom(info, found)
    if (unrouted) return unrouted
    const served = servedResource(info, request.request.method)
    const connects = connections.has(info.subresource)
    // The order of errors is upstream's: unsupported method, unsupported patch type, unsupported form of the response.
    if (info.verb === 'patch' && !connects) {
      requirePatchType(header(request.request.headers, 'content-type') ?? '', served.definition.custom === undefined)
    }
    // Backends of connections respond in their own forms.
    const form = connects ? request.form : resourceForm(info, served, header(request.request.headers, 'accept'))
    const context: ResourceContext = { ...request, form, pretty: request.pretty || form.pretty, info, served }
    validateWriteOptions(context)
    const name = served.groupResource
    const { deprecation } = served.definition.serving ?? {}
    if (deprecation !== undefined) request.warn(deprecation)
    if (info.subresource !== '') {
      const own = parts.subresources.get(`${name}/${info.subresource}`) ?? parts.subresources.get(`*/${info.subresource}`)
      if (own) return own(context)
      // A body of another kind without a handler.
      if (served.subresources.get(info.subresource)?.kind) throw unknownPath()
    } else {
      const own = parts.computed.get(name)
      if (own) return own(context)
      if (served.definition.virtual) throw unknownPath()
    }
    switch (info.verb) {
      case 'get':
        return get(context, parts.store.revision)
      case 'list':
        return list(parts, context)
      case 'watch':
        return watch(parts, context)
      case 'create':
        return create(parts, context)
      case 'update':
        return update(parts, context)
      case 'patch':
        return patch(parts, context)
      case 'delete':
        return remove(parts, context)
      case 'deletecollection':
        return deleteCollection(parts, parts, context)
      default:
        throw unknownPath()
    }
  }
}
