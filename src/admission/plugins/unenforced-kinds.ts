// Kinds that are served and stored but have no effect yet: creating one gives a warning.
import { groupResource } from '../../api/object.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

/** Why they have no effect, by resource. */
const unenforced: ReadonlyMap<string, string> = new Map([
  ['ingresses.networking.k8s.io', 'no ingress controller comes with Bulkhead: nothing answers for it unless you run one'],
])

const mutating = 'mutatingadmissionpolicies.admissionregistration.k8s.io'

export interface UnenforcedKindsOptions {
  /** Empty if mutating policies are not evaluated; their kinds may still be served. */
  readonly mutatingSources: readonly unknown[]
}

export const unenforcedKinds: PluginDefinition<UnenforcedKindsOptions> = {
  name: 'UnenforcedKinds',
  does: 'Warns about objects of kinds that are stored without effect',
  on: 'always',
  guard: 'an Ingress without effect looks like any other object',
  handles: [{ operations: ['CREATE'], resources: ['ingresses.networking.k8s.io', mutating] }],
  create,
}

function create({ mutatingSources }: UnenforcedKindsOptions): PluginSteps {
  const known =
    mutatingSources.length > 0 ? unenforced : new Map([...unenforced, [mutating, 'the feature gate MutatingAdmissionPolicy is off']])
  return {
    handles: ({ resource }) => known.has(groupResource(resource.group, resource.plural)),
    async validate(request) {
      const why = known.get(groupResource(request.resource.group, request.resource.plural))
      if (why !== undefined) request.warn(`${request.resource.kind} is stored without effect: ${why}`)
      return admitted
    },
  }
}
