// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding.
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { ParamRef, ValidatingAdmissionPolicyBinding } from '../../types/admissionregistration-v1.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { dns1123Subdomain, nameIsPathSegment } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { setMatchResourcesDefaults, validateMatchResources } from './rule.ts'

const actions = ['Audit', 'Deny', 'Warn']
const notFoundActions = ['Deny', 'Allow']
const exclusive = 'name and selector are mutually exclusive'

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

function paramRefCell(reference: ParamRef | undefined): string {
  if (reference === undefined) return '<unset>'
  if ((reference.name ?? '') === '') return '*'
  return (reference.namespace ?? '') === '' ? `*/${reference.name}` : `${reference.namespace}/${reference.name}`
}

function validate({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors: FieldError[] = []
  const { policyName = '', validationActions = [] } = spec
  if (policyName === '') errors.push(required('spec.policyName'))
  else pushMessages(errors, 'spec.policyName', policyName, dns1123Subdomain(policyName))
  if (spec.paramRef !== undefined) validateParamRef(spec.paramRef, errors)
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

function validateParamRef({ name = '', selector, parameterNotFoundAction }: ParamRef, errors: FieldError[]): void {
  const field = 'spec.paramRef'
  if (name !== '') {
    pushMessages(errors, `${field}.name`, name, nameIsPathSegment(name, false))
    if (selector !== undefined) errors.push(forbiddenField(`${field}.name`, exclusive))
  }
  if (selector !== undefined) {
    validateLabelSelector(selector, `${field}.selector`, errors)
    if (name !== '') errors.push(forbiddenField(`${field}.selector`, exclusive))
  } else if (name === '') errors.push(required(field, 'one of name or selector must be specified'))
  if (parameterNotFoundAction === undefined || parameterNotFoundAction === '') {
    errors.push(required(`${field}.parameterNotFoundAction`))
  } else if (!notFoundActions.includes(parameterNotFoundAction)) {
    errors.push(notSupported(`${field}.parameterNotFoundAction`, parameterNotFoundAction, notFoundActions))
  }
}
