// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding.
import { duplicate, type FieldError, notSupported, required } from '../../field-error.ts'
import type { ValidatingAdmissionPolicyBinding } from '../../types/admissionregistration-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { repetition } from '../../validation/repetition.ts'
import { defineResource } from '../resource.ts'
import { policyBinding, validatePolicyBinding } from './policy-binding.ts'

const actions = ['Audit', 'Deny', 'Warn']

export const validatingAdmissionPolicyBinding = defineResource<ValidatingAdmissionPolicyBinding>({
  ...policyBinding,
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  validate,
})

function validate(binding: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors = validatePolicyBinding(binding)
  const { validationActions = [] } = binding.spec
  const field = 'spec.validationActions'
  const isRepeated = repetition<string>()
  validationActions.forEach((action, index) => {
    if (!actions.includes(action)) errors.push(notSupported(`${field}[${index}]`, action, actions))
    if (isRepeated(action)) errors.push(duplicate(`${field}[${index}]`, action))
  })
  if (validationActions.includes('Deny') && validationActions.includes('Warn')) {
    errors.push(
      invalidShown(
        field,
        goStrings(validationActions, 'admissionregistration.ValidationAction'),
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  }
  if (validationActions.length === 0) errors.push(required(field, 'at least one validation action is required'))
  return errors
}
