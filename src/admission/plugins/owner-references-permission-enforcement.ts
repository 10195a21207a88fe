// Making an object a dependent lets it be deleted with its owner and can block the owner's deletion: both need rights.
import { groupResource, type KubeObject, type OwnerReference } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { DecideFor } from '../policy/request-view.ts'
import type { ServedKinds } from '../served-kinds.ts'

interface RightAsked {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export interface OwnerReferencesOptions {
  readonly kinds: ServedKinds
  readonly decide: DecideFor
}

export const ownerReferencesPermissionEnforcement: PluginDefinition<OwnerReferencesOptions> = {
  name: 'OwnerReferencesPermissionEnforcement',
  does: "Requires the right to delete an object for changing its owners, and the right to its owner's finalizers for blocking the owner's deletion",
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['*/*'] }],
  create,
}

function create({ kinds, decide }: OwnerReferencesOptions): PluginSteps {
  /** Why the user may not; undefined if they may. Upstream appends the text of an absent error. */
  const refusal = async (request: AdmissionRequest, right: RightAsked): Promise<string | undefined> => {
    const { allowed, reason } = await decide(request)({ serviceAccount: undefined, ...right })
    return allowed ? undefined : reason
  }
  const refuse = ({ resource, name }: AdmissionRequest, why: string): Verdict => ({ allowed: false, error: forbidden(resource, name, why) })
  return {
    handles({ resource, subresource, object, oldObject }) {
      if (object?.metadata === undefined) return false
      // The status path of a pod changes no owners.
      if (subresource === 'status' && groupResource(resource.group, resource.plural) === 'pods') return false
      return !semanticallyEqual(ownersOf(object), ownersOf(oldObject))
    },
    async validate(request) {
      const { resource, subresource, namespace, name, object, oldObject } = request
      if (request.operation === 'UPDATE') {
        const why = await refusal(request, {
          verb: 'delete',
          group: resource.group,
          resource: resource.plural,
          subresource,
          namespace,
          name,
        })
        if (why !== undefined) return refuse(request, `cannot set an ownerRef on a resource you can't delete: ${why}, <nil>`)
      }
      const blocking = newBlocking(object, oldObject)
      if (blocking.length > maxBlocking) return refuse(request, `cannot set blockOwnerDeletion on more than ${maxBlocking} owners at once`)
      for (const owner of blocking) {
        const served = kinds.byKind(owner.apiVersion, owner.kind)
        if (served === undefined)
          return refuse(
            request,
            `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}: no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`,
          )
        const right = { verb: 'update', group: served.group, resource: served.plural, subresource: 'finalizers' }
        const why = await refusal(request, { ...right, namespace: served.namespaced ? namespace : '', name: owner.name })
        if (why !== undefined)
          return refuse(
            request,
            `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${why}, <nil>`,
          )
      }
      return admitted
    },
  }
}

/** Each needs a separate decision: thousands would delay other requests. */
const maxBlocking = 100

const ownersOf = (object: KubeObject | undefined): readonly OwnerReference[] => object?.metadata.ownerReferences ?? []

function newBlocking(object: KubeObject | undefined, oldObject: KubeObject | undefined): OwnerReference[] {
  const before = new Map(ownersOf(oldObject).map(owner => [owner.uid, owner]))
  return ownersOf(object).filter(owner => owner.blockOwnerDeletion === true && before.get(owner.uid)?.blockOwnerDeletion !== true)
}
