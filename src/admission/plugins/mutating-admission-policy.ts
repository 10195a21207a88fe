// MutatingAdmissionPolicy: mutations in CEL with bindings (KEP-3962). Only if its feature gate is on.
import { requireLate } from '../../base/async/late-module.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { PolicyContext } from '../policy/evaluate-policies.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import { boundNames, PolicyIndex } from '../policy/policy-index.ts'
import type { MutatingSource } from '../policy/policy-kinds.ts'

export interface MutatingAdmissionPolicyOptions extends PolicyContext {
  /** Empty if the feature is off. */
  readonly mutatingSources: readonly MutatingSource[]
}

// Loaded with the first policy.
const loaded = () => requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')

export const mutatingAdmissionPolicy: PluginDefinition<MutatingAdmissionPolicyOptions> = {
  name: 'MutatingAdmissionPolicy',
  does: 'Changes objects by CEL policies (if the feature is enabled)',
  on: 'always',
  guard: 'policies that change objects have no effect',
  handles: [{ operations: ['CREATE', 'UPDATE', 'CONNECT'], resources: ['*/*'] }],
  create,
}

function create(options: MutatingAdmissionPolicyOptions): PluginSteps {
  const index = new PolicyIndex(
    options.mutatingSources,
    options,
    ({ spec }) => loaded().compileMutations(spec),
    policies => options.metrics.policiesAre(true, boundNames(policies)),
  )
  return {
    // A deleted object is not mutated.
    handles: request => index.candidates(request).length > 0,
    mutate: (request, signal) => loaded().mutateByPolicies(index.candidates(request), request, options, signal),
  }
}
