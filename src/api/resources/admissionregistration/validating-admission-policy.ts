// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy.
import { isDeepStrictEqual } from 'node:util'
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { AuditAnnotation, ParamKind, ValidatingAdmissionPolicy, Validation } from '../../types/admissionregistration-v1.ts'
import { validateConditions } from '../../validation/conditions.ts'
import { dns1035Label, dns1123Subdomain, qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { validateMatchConditions } from './match-condition.ts'
import { PolicyExpressions } from './policy-expressions.ts'
import { failurePolicies, setMatchResourcesDefaults, validateMatchResources } from './rule.ts'

const maxAuditAnnotations = 20
const maxValueExpressionLength = 5 * 1024
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const nothingToDo = 'validations or auditAnnotations must contain at least one item'

export const validatingAdmissionPolicy = defineResource<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  namespaced: false,
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  subresources: [statusSubresource<ValidatingAdmissionPolicy>({ keepsMetadata: true, validate: validateStatus })],
  columns: [
    nameColumn,
    { name: 'Validations', type: 'integer', cell: ({ spec }) => spec.validations?.length ?? 0 },
    {
      name: 'ParamKind',
      type: 'string',
      cell: ({ spec }) => (spec.paramKind === undefined ? '<unset>' : `${spec.paramKind.apiVersion}/${spec.paramKind.kind}`),
    },
    ageColumn,
  ],
  setDefaults(object) {
    object.spec ??= {}
    object.spec.failurePolicy ??= 'Fail'
    if (object.spec.matchConstraints !== undefined) setMatchResourcesDefaults(object.spec.matchConstraints)
  },
  prepareForCreate(object) {
    object.status = {}
  },
  prepare: keepStatus,
  validate: object => validate(object, undefined),
  validateUpdate: validate,
})

function validate({ metadata, spec }: ValidatingAdmissionPolicy, old: ValidatingAdmissionPolicy | undefined): FieldError[] {
  const errors: FieldError[] = []
  const { failurePolicy, matchConstraints, validations = [], auditAnnotations = [] } = spec
  if (failurePolicy === undefined) errors.push(required('spec.failurePolicy'))
  else if (!failurePolicies.includes(failurePolicy)) errors.push(notSupported('spec.failurePolicy', failurePolicy, failurePolicies))
  if (spec.paramKind !== undefined) validateParamKind(spec.paramKind, errors)
  if (matchConstraints === undefined) {
    errors.push(required('spec.matchConstraints'))
  } else {
    validateMatchResources(matchConstraints, 'spec.matchConstraints', errors)
    if ((matchConstraints.resourceRules ?? []).length === 0) errors.push(required('spec.matchConstraints.resourceRules'))
  }
  const expressions = new PolicyExpressions(spec, old?.spec)
  if (old === undefined || conditionsMayChange(spec, old.spec)) {
    const scope = { params: expressions.params, stored: expressions.storedConditions }
    validateMatchConditions(spec.matchConditions, 'spec.matchConditions', errors, scope)
  }
  spec.variables?.forEach(({ name, expression }, index) => {
    if (name.trim() === '') errors.push(required(`spec.variables[${index}].name`, 'name is not specified'))
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name)) {
      errors.push(invalidValue(`spec.variables[${index}].name`, name, 'name is not a valid CEL identifier'))
    }
    if (expression.trim() === '') errors.push(required(`spec.variables[${index}].expression`, 'expression is not specified'))
    else expressions.variable(name, expression, `spec.variables[${index}].expression`, errors)
  })
  if (validations.length === 0 && auditAnnotations.length === 0) {
    errors.push(required('spec.validations', nothingToDo), required('spec.auditAnnotations', nothingToDo))
    return errors
  }
  validations.forEach((validation, index) => {
    validateValidation(validation, expressions, `spec.validations[${index}]`, errors)
  })
  validateAuditAnnotations(auditAnnotations, metadata.name ?? '', expressions, errors)
  return errors
}

function validateStatus({ status }: ValidatingAdmissionPolicy): FieldError[] {
  const errors: FieldError[] = []
  status?.typeChecking?.expressionWarnings?.forEach(({ fieldRef, warning }, index) => {
    const field = `status.typeChecking.expressionWarnings[${index}]`
    if (warning === '') errors.push(required(`${field}.warning`))
    if (fieldRef.trim() === '') errors.push(required(`${field}.fieldRef`))
  })
  validateConditions(status?.conditions, 'status.conditions', errors)
  return errors
}

/** Conditions that stay, with the same parameters, are not judged again. */
function conditionsMayChange(spec: ValidatingAdmissionPolicy['spec'], old: ValidatingAdmissionPolicy['spec']): boolean {
  return !isDeepStrictEqual(spec.paramKind, old.paramKind) || !isDeepStrictEqual(spec.matchConditions, old.matchConditions)
}

function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, errors: FieldError[]): void {
  const field = 'spec.paramKind'
  const parts = apiVersion.split('/')
  if (apiVersion === '') {
    errors.push(required(`${field}.apiVersion`))
  } else if (parts.length > 2) {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  } else {
    const group = parts.length === 2 ? (parts[0] ?? '') : ''
    const version = parts.at(-1) ?? ''
    const wrongGroup = group === '' ? [] : dns1123Subdomain(group)
    if (wrongGroup.length > 0) errors.push(invalidValue(`${field}.apiVersion`, group, wrongGroup.join(',')))
    const wrongVersion = dns1035Label(version)
    if (version === '') errors.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must be specified'))
    else if (wrongVersion.length > 0) errors.push(invalidValue(`${field}.apiVersion`, version, wrongVersion.join(',')))
  }
  if (kind === '') {
    errors.push(required(`${field}.kind`))
    return
  }
  const wrong = dns1035Label(kind.toLowerCase())
  if (wrong.length > 0) {
    errors.push(invalidValue(`${field}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`))
  }
}

function validateValidation(
  { expression, message = '', messageExpression = '', reason }: Validation,
  expressions: PolicyExpressions,
  field: string,
  errors: FieldError[],
): void {
  if (expression.trim() === '') errors.push(required(`${field}.expression`, 'expression is not specified'))
  else expressions.validation(expression, `${field}.expression`, errors)
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(invalidValue(`${field}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  } else if (messageExpression !== '') {
    expressions.message(messageExpression, `${field}.messageExpression`, errors)
  }
  if (message !== '' && message.trim() === '') {
    errors.push(invalidValue(`${field}.message`, message, 'message must be non-empty if specified'))
  } else if (/[\r\n]/.test(message.trim())) {
    errors.push(invalidValue(`${field}.message`, message, 'message must not contain line breaks'))
  }
  if (reason !== undefined && !reasons.includes(reason)) {
    errors.push(notSupported(`${field}.reason`, reason, reasons))
  }
}

function validateAuditAnnotations(
  annotations: readonly AuditAnnotation[],
  policy: string,
  expressions: PolicyExpressions,
  errors: FieldError[],
): void {
  const field = 'spec.auditAnnotations'
  if (annotations.length > maxAuditAnnotations) {
    errors.push(invalidValue(field, annotations, `must not have more than ${maxAuditAnnotations} auditAnnotations`))
  }
  const keys = new Set<string>()
  annotations.forEach(({ key, valueExpression }, index) => {
    const full = policy === '' ? key : `${policy}/${key}`
    pushMessages(errors, `${field}[${index}].key`, full, qualifiedName(full))
    if (valueExpression.trim() === '') {
      errors.push(required(`${field}[${index}].valueExpression`, 'valueExpression is not specified'))
    } else if (valueExpression.trim().length > maxValueExpressionLength) {
      errors.push(required(`${field}[${index}].valueExpression`, `must not exceed ${maxValueExpressionLength} bytes in length`))
    } else {
      expressions.annotation(valueExpression, `${field}[${index}].valueExpression`, errors)
    }
    if (keys.has(key)) errors.push(duplicate(`${field}[${index}].key`, key))
    keys.add(key)
  })
}
