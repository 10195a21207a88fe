// The parameters that a binding gives to its policy.
import { type FieldError, forbiddenField, notSupported, required } from '../../field-error.ts'
import type { ParamRef } from '../../types/admissionregistration-v1.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { dns1123Subdomain, nameIsPathSegment } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { labelSelectorString } from '../printing.ts'

const notFoundActions = ['Deny', 'Allow']
const exclusive = 'name and selector are mutually exclusive'

export function paramRefCell(reference: ParamRef | undefined): string {
  const { name, namespace, selector } = reference ?? {}
  if (name) return `${namespace || '*'}/${name}`
  return selector === undefined ? '<unset>' : labelSelectorString(selector)
}

/** A binding's references: its policy and the parameters. */
export function validateReferences(
  { policyName = '', paramRef }: { policyName?: string; paramRef?: ParamRef },
  errors: FieldError[],
): void {
  if (policyName === '') errors.push(required('spec.policyName'))
  else pushMessages(errors, 'spec.policyName', policyName, dns1123Subdomain(policyName))
  if (paramRef !== undefined) validateParamRef(paramRef, errors)
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
