// ValidatingAdmissionPolicy: rules in CEL with bindings.
import { requireLate } from '../../base/async/late-module.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { PolicyContext } from '../policy/evaluate-policies.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import { boundNames, PolicyIndex } from '../policy/policy-index.ts'
import type { ValidatingSource } from '../policy/policy-kinds.ts'

export interface ValidatingAdmissionPolicyOptions extends PolicyContext {
  readonly policySources: readonly ValidatingSource[]
}

// Loaded with the first policy: the engine takes megabytes, which a server without policies does not need.
const loaded = () => requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')

export const validatingAdmissionPolicy: PluginDefinition<ValidatingAdmissionPolicyOptions> = {
  name: 'ValidatingAdmissionPolicy',
  does: 'Refuses objects by CEL policies',
  on: 'always',
  guard: 'policies that refuse objects have no effect',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], resources: ['*/*'] }],
  create,
}

function create(options: ValidatingAdmissionPolicyOptions): PluginSteps {
  const index = new PolicyIndex(
    options.policySources,
    options,
    ({ spec }) => loaded().compilePolicy(spec),
    policies => options.metrics.policiesAre(false, boundNames(policies)),
  )
  return {
    handles: request => index.candidates(request).length > 0,
    validate: (request, signal) => loaded().evaluatePolicies(index.candidates(request), request, options, signal),
  }
}
