// ValidatingAdmissionPolicy: rules in CEL, bound to what they are for.
import { requireLate } from '../../base/late-module.ts'
import { inTurns } from '../../base/turns.ts'
import type { AdmissionPlugin } from '../admission.ts'
import type { PolicyContext } from '../policy/judge-policies.ts'
import type * as engine from '../policy/policy-engine-late.ts'
import { PolicyIndex, type PolicySource } from '../policy/policy-index.ts'

export interface ValidatingAdmissionPolicyOptions extends PolicyContext {
  readonly policySources: readonly PolicySource[]
}

export function validatingAdmissionPolicy(options: ValidatingAdmissionPolicyOptions): AdmissionPlugin {
  const index = new PolicyIndex(options.policySources, options)
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: request => index.candidates(request).length > 0,
    validate(request, signal) {
      // Loaded with the first policy.
      const { judgePolicies } = requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')
      return inTurns(judgePolicies(index.candidates(request), request, options), signal)
    },
  }
}
