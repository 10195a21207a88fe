// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy.
import { jsonPathProblem } from '../../custom-resources/json-path.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { AuditAnnotation, ValidatingAdmissionPolicy, Validation } from '../../types/admissionregistration-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { validateConditions } from '../../validation/conditions.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import type { PolicyExpressions } from './policy-expressions.ts'
import { paramKindCell, setPolicyDefaults, validatePolicySpec } from './policy-spec.ts'

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
  validatesMetadata: ['whole'],
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  subresources: [statusSubresource<ValidatingAdmissionPolicy>({ keepsMetadata: true, validate: validateStatus })],
  columns: [
    nameColumn,
    { name: 'Validations', type: 'integer', cell: ({ spec }) => spec.validations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', cell: ({ spec }) => paramKindCell(spec.paramKind) },
    ageColumn,
  ],
  setDefaults(object) {
    object.spec ??= {}
    setPolicyDefaults(object.spec)
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
  const { validations = [], auditAnnotations = [] } = spec
  const expressions = validatePolicySpec(spec, old?.spec, errors)
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
    const place = fieldRef.trim()
    const problem = jsonPathProblem(place)
    if (place === '') errors.push(required(`${field}.fieldRef`))
    else if (problem !== undefined) errors.push(invalidValue(`${field}.fieldRef`, place, `invalid JSONPath: ${problem}`))
  })
  validateConditions(status?.conditions, 'status.conditions', errors)
  return errors
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
    } else if (exceedsBytes(valueExpression.trim(), maxValueExpressionLength)) {
      errors.push(required(`${field}[${index}].valueExpression`, `must not exceed ${maxValueExpressionLength} bytes in length`))
    } else {
      expressions.annotation(valueExpression, `${field}[${index}].valueExpression`, errors)
    }
    if (keys.has(key)) errors.push(duplicate(`${field}[${index}].key`, key))
    keys.add(key)
  })
}
