// Kinds that are served and stored but have no effect yet. An object that only looks like a protection is worse than none, so the secure profile
// refuses it; the upstream profile, for comparison, warns.
import { groupResource } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionPlugin, admitted } from '../admission.ts'

/** What the user would believe, by resource. `refused` where believing it is dangerous or leads nowhere. */
const unenforced: ReadonlyMap<string, { readonly why: string; readonly refused: boolean }> = new Map([
  ['networkpolicies.networking.k8s.io', { why: 'network policies are not enforced yet: pods would stay reachable', refused: true }],
  ['servicecidrs.networking.k8s.io', { why: 'cluster addresses come from the range that the server was started with', refused: false }],
  ['horizontalpodautoscalers.autoscaling', { why: 'autoscalers have no controller yet: nothing will be scaled', refused: false }],
  [
    'ingresses.networking.k8s.io',
    { why: 'no ingress controller comes with Bulkhead: nothing answers for it unless you run one', refused: false },
  ],
])

export interface UnenforcedKindsOptions {
  /** Warn instead of refusing. */
  readonly warnOnly: boolean
  /** Whether policies that mutate are evaluated: their kinds may be served without. */
  readonly mutates: boolean
}

const mutating = 'mutatingadmissionpolicies.admissionregistration.k8s.io'
const notEvaluated = { why: 'the feature gate MutatingAdmissionPolicy is off', refused: false }

export function unenforcedKinds({ warnOnly, mutates }: UnenforcedKindsOptions): AdmissionPlugin {
  const known = mutates ? unenforced : new Map([...unenforced, [mutating, notEvaluated] as const])
  return {
    name: 'UnenforcedKinds',
    handles: ({ resource, subresource, operation }) =>
      operation === 'CREATE' && subresource === '' && known.has(groupResource(resource.group, resource.plural)),
    validate(request) {
      const found = known.get(groupResource(request.resource.group, request.resource.plural))
      if (found === undefined) return admitted
      if (found.refused && !warnOnly) return { allowed: false, error: forbidden(request.resource, request.name, found.why) }
      request.warn(`${request.resource.kind} is stored without effect: ${found.why}`)
      return admitted
    },
  }
}
