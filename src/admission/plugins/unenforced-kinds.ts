// Kinds that are served and stored but have no effect yet: whoever creates one is told so.
import { groupResource } from '../../api/object.ts'
import { type AdmissionPlugin, admitted } from '../admission.ts'

/** Why nothing happens, by resource. */
const unenforced: ReadonlyMap<string, string> = new Map([
  ['ingresses.networking.k8s.io', 'no ingress controller comes with Bulkhead: nothing answers for it unless you run one'],
])

const mutating = 'mutatingadmissionpolicies.admissionregistration.k8s.io'

/** `mutates`: whether policies that mutate are evaluated; their kinds may be served without. */
export function unenforcedKinds({ mutates }: { readonly mutates: boolean }): AdmissionPlugin {
  const known = mutates ? unenforced : new Map([...unenforced, [mutating, 'the feature gate MutatingAdmissionPolicy is off']])
  return {
    name: 'UnenforcedKinds',
    handles: ({ resource, subresource, operation }) =>
      operation === 'CREATE' && subresource === '' && known.has(groupResource(resource.group, resource.plural)),
    validate(request) {
      const why = known.get(groupResource(request.resource.group, request.resource.plural))
      if (why !== undefined) request.warn(`${request.resource.kind} is stored without effect: ${why}`)
      return admitted
    },
  }
}
