// What an access review may ask: about a resource or about a URL, by whom.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  SelfSubjectAccessReviewSpec,
  SubjectAccessReviewSpec,
} from '../../types/authorization-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

/** `local` reviews ask about their own namespace and never about URLs. */
export function validateSubjectReview(review: KubeObject & { spec: SubjectAccessReviewSpec }, local: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { spec, metadata } = review
  validateAsksOneThing(spec, errors)
  if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
    errors.push(required('spec.user', 'at least one of user or group must be specified'))
  }
  validateAttributes(spec, errors)
  validateOnlyNamespace(metadata, local, errors)
  if (!local) return errors
  const asked = spec.resourceAttributes?.namespace ?? ''
  if (spec.resourceAttributes !== undefined && asked !== (metadata.namespace ?? '')) {
    errors.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'))
  }
  if (spec.nonResourceAttributes !== undefined) {
    errors.push(invalidShown('spec.nonResourceAttributes', goAttributes(spec.nonResourceAttributes), 'disallowed on this kind of request'))
  }
  return errors
}

export function validateSelfReview({ spec, metadata }: KubeObject & { spec: SelfSubjectAccessReviewSpec }): FieldError[] {
  const errors: FieldError[] = []
  validateAsksOneThing(spec, errors)
  validateAttributes(spec, errors)
  validateOnlyNamespace(metadata, false, errors)
  return errors
}

/** A review is a question, not an object: metadata says nothing, but for the namespace of a local one. */
function validateOnlyNamespace(metadata: KubeObject['metadata'], local: boolean, errors: FieldError[]): void {
  const { namespace, managedFields: _managedFields, creationTimestamp: _creationTimestamp, ...rest } = metadata
  const empty = Object.values(rest).every(
    value => value === undefined || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0),
  )
  if (empty && (local || (namespace ?? '') === '')) return
  errors.push(invalidValue('metadata', metadata, local ? 'must be empty except for namespace' : 'must be empty'))
}

function goAttributes({ path = '', verb = '' }: NonResourceAttributes): string {
  return `authorization.NonResourceAttributes{Path:${JSON.stringify(path)}, Verb:${JSON.stringify(verb)}}`
}

function validateAsksOneThing({ resourceAttributes, nonResourceAttributes }: SelfSubjectAccessReviewSpec, errors: FieldError[]): void {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    errors.push(
      invalidShown(
        'spec.nonResourceAttributes',
        goAttributes(nonResourceAttributes),
        'cannot be specified in combination with resourceAttributes',
      ),
    )
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    errors.push(
      invalidValue('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'),
    )
  }
}

function validateAttributes({ resourceAttributes }: SelfSubjectAccessReviewSpec, errors: FieldError[]): void {
  const field = 'spec.resourceAttributes'
  validateSelector(resourceAttributes?.fieldSelector, false, `${field}.fieldSelector`, errors)
  validateSelector(resourceAttributes?.labelSelector, true, `${field}.labelSelector`, errors)
}

function validateSelector(
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
  labels: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (selector === undefined) return
  const { rawSelector = '', requirements = [] } = selector
  if (rawSelector !== '' && requirements.length > 0) {
    errors.push(invalidValue(`${field}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'))
  }
  if (rawSelector === '' && requirements.length === 0) {
    errors.push(required(`${field}.requirements`, 'when `rawSelector` is not specified'))
  }
  requirements.forEach((requirement, index) => {
    validateRequirement(requirement, labels, `${field}.requirements[${index}]`, errors)
  })
}

function validateRequirement(
  { key, operator, values = [] }: { key: string; operator: string; values?: string[] },
  labels: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (labels) pushMessages(errors, `${field}.key`, key, qualifiedName(key))
  else if (key === '') errors.push(required(`${field}.key`, 'must be specified'))
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.push({
        type: 'FieldValueForbidden',
        field: `${field}.values`,
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      })
    }
  }
  // An unknown operator is no error: newer clients may ask older servers, and the authorizer then ignores the requirement.
}
