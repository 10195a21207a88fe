// A request as expressions see it: `object`, `oldObject`, `request`, `authorizer`. Each part is made when an expression first asks for it.

import type { CelValue } from '../../api/cel/evaluate/values.ts'
import { Authorizer, Check, type Decide } from '../../api/cel/library/authorizer.ts'
import { resourceCheckType } from '../../api/cel/library/opaque-types.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resource.ts'
import type { UserInfo } from '../../api/user.ts'
import type { AdmissionRequest } from '../admission.ts'
import { namespaceOf } from '../matching/rule.ts'
import { inVersion } from '../served-kinds.ts'

/** The variables of one evaluation; a getter runs only for an expression that names it. */
export interface RequestVariables {
  readonly object: CelValue
  readonly oldObject: CelValue
  readonly request: CelValue
  readonly authorizer: CelValue
  readonly 'authorizer.requestResource': CelValue
}

/** What a request asks of the authorizers, as the user who made it. */
export type DecideFor = (user: UserInfo) => Decide

/** One request; kept while it is judged. */
export class RequestView {
  readonly #request: AdmissionRequest
  readonly #decide: DecideFor
  readonly #versions = new Map<ResourceDefinition, RequestVariables>()
  #authorizer: Authorizer | undefined
  #check: Check | undefined

  constructor(request: AdmissionRequest, decide: DecideFor) {
    this.#request = request
    this.#decide = decide
  }

  /** As a policy sees it whose rules name `version`. */
  in(version: ResourceDefinition): RequestVariables {
    const known = this.#versions.get(version)
    if (known !== undefined) return known
    const made = this.#variables(version)
    this.#versions.set(version, made)
    return made
  }

  #variables(version: ResourceDefinition): RequestVariables {
    const request = this.#request
    const view = this
    let described: CelValue | undefined
    return {
      object: versioned(request, request.object, version),
      oldObject: versioned(request, request.oldObject, version),
      get request() {
        described ??= describe(request, version)
        return described
      },
      get authorizer() {
        view.#authorizer ??= new Authorizer(view.#decide(request.user))
        return view.#authorizer
      },
      get 'authorizer.requestResource'() {
        view.#check ??= requestResource(request, this.authorizer as Authorizer)
        return view.#check
      },
    }
  }
}

function versioned(request: AdmissionRequest, object: KubeObject | undefined, version: ResourceDefinition): CelValue {
  if (object === undefined) return null
  const shown = request.operation === 'CONNECT' || ownKind(request) !== undefined ? object : inVersion(object, request.resource, version)
  // Decoded JSON is a value of CEL as it is.
  return shown as unknown as CelValue
}

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** The kind that a subresource's body has, where that is not the parent's. */
function ownKind({ resource, subresource, operation, object }: AdmissionRequest): GroupVersionKind | undefined {
  if (operation === 'CONNECT') return { group: '', version: 'v1', kind: object?.kind ?? '' }
  if (subresource === '') return undefined
  return resource.subresources.find(({ name }) => name === subresource)?.kind
}

/** The kind of `object`, in this version of its resource. */
export function kindIn(request: AdmissionRequest, { group, version, kind }: ResourceDefinition): GroupVersionKind {
  return ownKind(request) ?? { group, version, kind }
}

export const resourceOf = ({ group, version, plural }: ResourceDefinition) => ({ group, version, resource: plural })

/** `request`, with upstream's omissions: what is empty is not there. */
function describe(request: AdmissionRequest, version: ResourceDefinition): CelValue {
  const { resource, subresource, name, user, operation, dryRun, options } = request
  const namespace = namespaceOf(request)
  return {
    kind: { ...kindIn(request, version) },
    resource: resourceOf(version),
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: { ...kindIn(request, resource) },
    requestResource: resourceOf(resource),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: userInfo(user),
    dryRun,
    ...(options === undefined ? {} : { options: options as CelValue }),
  }
}

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

function requestResource(request: AdmissionRequest, authorizer: Authorizer): Check {
  const { group, plural } = request.resource
  const { subresource, name } = request
  return new Check(resourceCheckType.name, authorizer, { group, resource: plural, subresource, namespace: namespaceOf(request), name })
}
