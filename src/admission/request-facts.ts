// What policies and webhooks are told of a request, in upstream's form: kinds, resources, users.
import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import type { UserInfo } from '../api/user.ts'
import type { AdmissionRequest } from './admission.ts'
import { inVersion } from './served-kinds.ts'

type GroupVersionKind = { readonly group: string; readonly version: string; readonly kind: string }

/** The kind that a subresource's body has, where that is not the parent's. */
function ownKind({ resource, subresource, operation, object }: AdmissionRequest): GroupVersionKind | undefined {
  if (operation === 'CONNECT') return { group: '', version: 'v1', kind: object?.kind ?? '' }
  if (subresource === '') return undefined
  return resource.subresources.find(({ name }) => name === subresource)?.kind
}

/** Whether `object` is not of the resource's own kind, whose defaults and versions are then not its own. */
export const isOfOtherKind = (request: AdmissionRequest): boolean => ownKind(request) !== undefined

/** The kind of `object`, in this version of its resource. */
export function kindIn(request: AdmissionRequest, { group, version, kind }: ResourceDefinition): GroupVersionKind {
  return { ...(ownKind(request) ?? { group, version, kind }) }
}

/** The object as this version of its resource shows it. */
export function versioned(request: AdmissionRequest, object: KubeObject, version: ResourceDefinition): KubeObject {
  return ownKind(request) === undefined ? inVersion(object, request.resource, version) : object
}

export const resourceOf = ({ group, version, plural }: ResourceDefinition) => ({ group, version, resource: plural })

/** The name that the client wrote down: '' for one of a collection. What is judged by its name is judged by `name`. */
export const requestedName = ({ name, ofCollection }: AdmissionRequest): string => (ofCollection === true ? '' : name)

/** What is empty is left out. */
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
