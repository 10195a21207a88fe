// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding.
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { ValidatingAdmissionPolicyBinding } from '../../types/admissionregistration-v1.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { paramRefCell, validateReferences } from './param-ref.ts'
import { setMatchResourcesDefaults, validateMatchResources } from './rule.ts'

const actions = ['Audit', 'Deny', 'Warn']

export const validatingAdmissionPolicyBinding = defineResource<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  namespaced: false,
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'PolicyName', type: 'string', cell: ({ spec }) => spec.policyName ?? '' },
    { name: 'ParamRef', type: 'string', cell: ({ spec }) => paramRefCell(spec.paramRef) },
    ageColumn,
  ],
  setDefaults({ spec }) {
    if (spec?.matchResources !== undefined) setMatchResourcesDefaults(spec.matchResources)
  },
  validate,
})

function validate({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors: FieldError[] = []
  const { validationActions = [] } = spec
  validateReferences(spec, errors)
  if (spec.matchResources !== undefined) validateMatchResources(spec.matchResources, 'spec.matchResources', errors)
  const field = 'spec.validationActions'
  validationActions.forEach((action, index) => {
    if (!actions.includes(action)) errors.push(notSupported(`${field}[${index}]`, action, actions))
    if (validationActions.indexOf(action) < index) errors.push(duplicate(`${field}[${index}]`, action))
  })
  if (validationActions.includes('Deny') && validationActions.includes('Warn')) {
    errors.push(
      invalidValue(
        field,
        validationActions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  }
  if (validationActions.length === 0) errors.push(required(field, 'at least one validation action is required'))
  return errors
}
