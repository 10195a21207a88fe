// admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding (KEP-3962).

import type { MutatingAdmissionPolicyBinding } from '../../types/admissionregistration-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { policyBinding, validatePolicyBinding } from './policy-binding.ts'
import { validateMutableOperations } from './rule.ts'

export const mutatingAdmissionPolicyBinding = defineResource<MutatingAdmissionPolicyBinding>({
  ...policyBinding,
  version: 'v1alpha1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  validate(binding) {
    const errors = validatePolicyBinding(binding)
    validateMutableOperations(binding.spec.matchResources, 'spec.matchResources', errors)
    return errors
  },
})
