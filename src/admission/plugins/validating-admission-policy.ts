// ValidatingAdmissionPolicy: rules in CEL, bound to what they are for.
import { requireLate } from '../../base/late-module.ts'
import { inTurns } from '../../base/turns.ts'
import type { AdmissionPlugin } from '../admission.ts'
import type { PolicyContext } from '../policy/evaluate-policies.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import { boundNames, PolicyIndex } from '../policy/policy-index.ts'
import type { ValidatingSource } from '../policy/policy-kinds.ts'

export interface ValidatingAdmissionPolicyOptions extends PolicyContext {
  readonly policySources: readonly ValidatingSource[]
}

// Loaded with the first policy: the engine takes megabytes, which a server without policies need not pay.
const loaded = () => requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')

export function validatingAdmissionPolicy(options: ValidatingAdmissionPolicyOptions): AdmissionPlugin {
  const index = new PolicyIndex(
    options.policySources,
    options,
    ({ spec }) => loaded().compilePolicy(spec),
    policies => options.metrics.policiesAre(false, boundNames(policies)),
  )
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: request => index.candidates(request).length > 0,
    validate: (request, signal) => inTurns(loaded().evaluatePolicies(index.candidates(request), request, options), signal),
  }
}
