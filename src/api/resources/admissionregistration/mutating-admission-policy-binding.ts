// admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding (KEP-3962).
import type { FieldError } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { MutatingAdmissionPolicyBinding } from '../../types/admissionregistration-v1alpha1.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { paramRefCell, validateReferences } from './param-ref.ts'
import { setMatchResourcesDefaults, validateMatchResources, validateMutableOperations } from './rule.ts'

export const mutatingAdmissionPolicyBinding = defineResource<MutatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1alpha1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
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
  validate({ spec }) {
    const errors: FieldError[] = []
    validateReferences(spec, errors)
    if (spec.matchResources !== undefined) validateMatchResources(spec.matchResources, 'spec.matchResources', errors)
    validateMutableOperations(spec.matchResources, 'spec.matchResources', errors)
    return errors
  },
})
