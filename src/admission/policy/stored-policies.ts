// The policies and bindings that the API keeps.
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1.ts'
import type { ClusterChanges, ClusterReader } from '../admission.ts'
import type { PolicySource } from './policy-index.ts'

const policies = 'validatingadmissionpolicies.admissionregistration.k8s.io'
const bindings = 'validatingadmissionpolicybindings.admissionregistration.k8s.io'

export function storedPolicies(reader: ClusterReader, changes: ClusterChanges): PolicySource {
  return {
    // The schema of each resource decoded its objects.
    policies: () => reader.list(policies) as readonly ValidatingAdmissionPolicy[],
    bindings: () => reader.list(bindings) as readonly ValidatingAdmissionPolicyBinding[],
    onChange(changed) {
      changes.onChange(policies, changed)
      changes.onChange(bindings, changed)
    },
  }
}
