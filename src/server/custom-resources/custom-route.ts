// The paths and verbs of custom resources. Upstream serves them apart from the routes of built-in kinds, with other error messages.
import { badRequest, methodNotAllowed, notFound } from '../../api/status.ts'
import type { Reply } from '../http/exchange.ts'
import { plainNotFound } from '../http/plain-failure.ts'
import { type ResourceRequestInfo, verbsOf } from '../request/request-info.ts'
import type { ServedResource } from '../resource/served-resource.ts'

/** Throws the 404 of a missing subresource; any other path gets the plain 404. */
export function unservedCustom(info: ResourceRequestInfo, found: ServedResource | undefined): Reply {
  if (found !== undefined && fitsScope(info, found) && info.subresource !== '') throw notFound(found.named, info.name)
  return plainNotFound()
}

/** The response or error for a verb that the path of a custom resource does not have; undefined if it has the verb. */
export function unroutedCustom(info: ResourceRequestInfo, served: ServedResource): Reply | undefined {
  const { verb, name, subresource } = info
  // Across all namespaces only reading is possible.
  if (!fitsScope(info, served)) return plainNotFound()
  if (!verbsOf(served, subresource).includes(verb)) {
    // A definition has no other way to remove the verb create.
    const terminates = verb === 'create' && subresource === ''
    throw terminates
      ? methodNotAllowed(served.named, verb, 'create not allowed while custom resource definition is terminating')
      : methodNotAllowed(served.named, verb)
  }
  if (name === '' && (verb === 'update' || verb === 'patch')) throw badRequest('name must be provided')
  // Upstream would create the object that the body names, whatever the path says, so a right to one name would be a right to any.
  if (name !== '' && verb === 'create') throw methodNotAllowed(served.named, verb)
  return undefined
}

const acrossNamespaces: readonly string[] = ['list', 'watch']

function fitsScope({ namespace, verb }: ResourceRequestInfo, { definition }: ServedResource): boolean {
  return definition.namespaced ? namespace !== '' || acrossNamespaces.includes(verb) : namespace === ''
}
