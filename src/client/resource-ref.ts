// Names a resource for a client. Every ResourceDefinition is one.
import { groupResource, type KubeObject } from '../api/object.ts'

export interface ResourceRef<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
  readonly kind: string
  /** Only carries the type; never set. */
  readonly objectType?: T
}

export function resourceRef<T extends KubeObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): ResourceRef<T> {
  return { group, version, plural, kind, namespaced }
}

/** For example `deployments.apps`. */
export const refName = (resource: Pick<ResourceRef, 'group' | 'plural'>): string => groupResource(resource.group, resource.plural)

/** The REST path; without a name that of the collection, without a namespace that of all namespaces. */
export function resourcePath(resource: Omit<ResourceRef, 'kind'>, namespace = '', name = '', subresource = ''): string {
  const base = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = resource.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name === '' ? '' : `/${encodeURIComponent(name)}`
  return `${base}${scope}/${resource.plural}${object}${subresource === '' ? '' : `/${subresource}`}`
}
