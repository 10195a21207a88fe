// Which paths and verbs custom resources have: upstream serves them past the routes of the built-in kinds, and refuses in other words.
import { badRequest, methodNotAllowed, notFound } from '../../api/status.ts'
import type { Reply } from '../http/exchange.ts'
import { plainNotFound } from '../http/plain-failure.ts'
import { type ResourceRequestInfo, verbsOf } from '../request/request-info.ts'
import type { ServedResource } from '../resource/served-resource.ts'

/** Throws the 404 of a subresource that the resource has not; any other path is nobody's. */
export function unservedCustom(info: ResourceRequestInfo, found: ServedResource | undefined): Reply {
  if (found !== undefined && fitsScope(info, found) && info.subresource !== '') throw notFound(found.named, info.name)
  return plainNotFound()
}

/** The answer to a verb that the path of a custom resource has not, or its error; undefined where it has it. */
export function unroutedCustom(info: ResourceRequestInfo, served: ServedResource): Reply | undefined {
  const { verb, name, subresource } = info
  // Across all namespaces there is nothing but reading.
  if (!fitsScope(info, served)) return plainNotFound()
  if (!verbsOf(served, subresource).includes(verb)) {
    // Nothing else takes the creation away.
    const terminates = verb === 'create' && subresource === ''
    throw terminates
      ? methodNotAllowed(served.named, verb, 'create not allowed while custom resource definition is terminating')
      : methodNotAllowed(served.named, verb)
  }
  if (name === '' && (verb === 'update' || verb === 'patch')) throw badRequest('name must be provided')
  // Upstream makes the object that the body names, whatever the path says: a right to one name would be one to any.
  if (name !== '' && verb === 'create') throw methodNotAllowed(served.named, verb)
  return undefined
}

const acrossNamespaces: readonly string[] = ['list', 'watch']

function fitsScope({ namespace, verb }: ResourceRequestInfo, { definition }: ServedResource): boolean {
  return definition.namespaced ? namespace !== '' || acrossNamespaces.includes(verb) : namespace === ''
}
