// Reports in the status of a ValidatingAdmissionPolicy which of its expressions cannot work on the kinds that it matches.
import { read, recordEvents, rule } from '../api/policy-rule.ts'
import { requireLate } from '../base/async/late-module.ts'
import { validatingAdmissionPolicies } from '../client/resources.ts'
import { type Controller, done } from './controller.ts'
import { customTypes } from './custom-types.ts'
import type * as types from './policy-types-late.ts'

export const validatingAdmissionPolicyStatus: Controller = {
  name: 'validatingadmissionpolicy-status-controller',
  identity: {
    account: 'validatingadmissionpolicy-status-controller',
    rules: [
      rule(read, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
      rule('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
      recordEvents,
    ],
  },
  watches: validatingAdmissionPolicies,
  begin({ client, informers }) {
    const cache = informers.full(validatingAdmissionPolicies)
    return async (key, signal) => {
      const policy = cache.getByKey(key)
      if (policy === undefined || policy.status?.observedGeneration === policy.metadata.generation) return done
      const { typeWarnings, customGroupVersions } = requireLate<typeof types>(import.meta.url, './policy-types-late.ts')
      const custom = await customTypes(client, customGroupVersions(policy.spec), signal)
      const expressionWarnings = typeWarnings(policy.spec, custom)
      const { generation = 0 } = policy.metadata
      const typeChecking = expressionWarnings.length === 0 ? {} : { expressionWarnings }
      await client.updateStatus(
        validatingAdmissionPolicies,
        { ...policy, status: { ...policy.status, observedGeneration: generation, typeChecking } },
        signal,
      )
      return done
    }
  },
}
