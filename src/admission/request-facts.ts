// A request in upstream's form for policies and webhooks: kinds, resources, users.
import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import type { UserInfo } from '../api/user.ts'
import type { AdmissionRequest } from './admission.ts'
import { inVersion } from './served-kinds.ts'

type GroupVersionKind = { readonly group: string; readonly version: string; readonly kind: string }

/** The kind of a subresource's body, if it is not the parent's. */
function ownKind({ resource, subresource, operation, object }: AdmissionRequest): GroupVersionKind | undefined {
  if (operation === 'CONNECT') return { group: '', version: 'v1', kind: object?.kind ?? '' }
  if (subresource === '') return undefined
  return resource.subresources.find(({ name }) => name === subresource)?.kind
}

/** Whether `object` is of another kind than the resource, so that its defaults and versions do not apply. */
export const isOfOtherKind = (request: AdmissionRequest): boolean => ownKind(request) !== undefined

/** The kind of `object` in this version of its resource. */
export function kindIn(request: AdmissionRequest, { group, version, kind }: ResourceDefinition): GroupVersionKind {
  return { ...(ownKind(request) ?? { group, version, kind }) }
}

/** The object in this version of its resource. */
export function versioned(request: AdmissionRequest, object: KubeObject, version: ResourceDefinition): KubeObject {
  return ownKind(request) === undefined ? inVersion(object, request.resource, version) : object
}

export const resourceOf = ({ group, version, plural }: ResourceDefinition) => ({ group, version, resource: plural })

/** The name in the request: '' for a collection. Validation uses `name`. */
export const requestedName = ({ name, ofCollection }: AdmissionRequest): string => (ofCollection === true ? '' : name)

/** Without empty fields. */
export function userInfo({ name, uid, groups, extra }: UserInfo): {
  readonly username: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
} {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra !== undefined && Object.keys(extra).length > 0 ? { extra } : {}),
  }
}
