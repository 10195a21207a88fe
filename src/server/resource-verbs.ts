// Which function answers a resource request: the verb's, unless a subresource or a computed resource has its own.

import { unknownMethod, unknownPath } from '../api/status.ts'
import type { Reply } from './exchange.ts'
import { plainNotFound } from './plain-failure.ts'
import type { RequestContext, ResourceContext } from './request-context.ts'
import { type ResourceRequestInfo, servedResource } from './request-info.ts'
import { create } from './verbs/create.ts'
import { remove } from './verbs/delete.ts'
import { deleteCollection } from './verbs/delete-collection.ts'
import { get } from './verbs/get.ts'
import { type ListParts, list } from './verbs/list.ts'
import { patch } from './verbs/patch.ts'
import { update } from './verbs/update.ts'
import { type WatchParts, watch } from './verbs/watch.ts'
import { judgeWriteOptions } from './write-options.ts'
import type { WriteParts } from './write-parts.ts'

/** Answers what is not the plain verb on the object itself. Undefined where the plain verb is meant. */
export type ResourceHandler = (context: ResourceContext) => Reply | Promise<Reply>

export interface ResourceVerbParts extends WriteParts, ListParts, WatchParts {
  /** By `groupResource/subresource`, for subresources with a body of another kind; `*` stands for any resource. */
  readonly subresources: ReadonlyMap<string, ResourceHandler>
  hasGroup(group: string): boolean
  /** By group resource: reviews and other computed resources. */
  readonly computed: ReadonlyMap<string, ResourceHandler>
}

export function resourceVerbs(parts: ResourceVerbParts): (context: RequestContext, info: ResourceRequestInfo) => Reply | Promise<Reply> {
  return (request, info) => {
    if (info.served === undefined && info.group !== '' && !parts.hasGroup(info.group)) return plainNotFound()
    const served = servedResource(info)
    // As upstream: of custom kinds and behind a proxy HEAD is a GET without the body, of built-in kinds it is no method.
    if (request.request.method === 'HEAD' && info.subresource !== 'proxy' && served.definition.custom === undefined) throw unknownMethod()
    const context: ResourceContext = { ...request, info, served }
    judgeWriteOptions(context)
    const name = served.groupResource
    if (served.definition.deprecation !== undefined) request.warn(served.definition.deprecation)
    if (info.subresource !== '') {
      const own = parts.subresources.get(`${name}/${info.subresource}`) ?? parts.subresources.get(`*/${info.subresource}`)
      if (own) return own(context)
      // A body of another kind that nothing here makes.
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
