// The attributes of an access review: a resource or a URL, and the subject.
import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { NonResourceAttributes, SelfSubjectAccessReviewSpec, SubjectAccessReviewSpec } from '../../types/authorization-v1.ts'
import type { FieldSelectorRequirement, LabelSelectorRequirement } from '../../types/meta-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import { validateLabelSelectorRequirement, validateSetOperator } from '../../validation/label-selector.ts'

/** `local` reviews are for their own namespace and never for URLs. */
export function validateSubjectReview(review: KubeObject & { spec: SubjectAccessReviewSpec }, local: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { spec, metadata } = review
  validateOneAttributesKind(spec, errors)
  if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
    errors.push(invalidValue('spec.user', '', 'at least one of user or group must be specified'))
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
  validateOneAttributesKind(spec, errors)
  validateAttributes(spec, errors)
  validateOnlyNamespace(metadata, false, errors)
  return errors
}

/** A review is not stored: metadata is ignored, except for the namespace of a local one. */
function validateOnlyNamespace(metadata: KubeObject['metadata'], local: boolean, errors: FieldError[]): void {
  const { namespace, managedFields: _managedFields, creationTimestamp: _creationTimestamp, ...rest } = metadata
  const empty = Object.values(rest).every(
    value => value === undefined || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0),
  )
  if (empty && (local || (namespace ?? '') === '')) return
  errors.push(invalidValue('metadata', metadata, local ? 'must be empty except for namespace' : 'must be empty'))
}

function goAttributes({ path = '', verb = '' }: NonResourceAttributes): string {
  return `authorization.NonResourceAttributes{Path:${writeJson(path)}, Verb:${writeJson(verb)}}`
}

function validateOneAttributesKind({ resourceAttributes, nonResourceAttributes }: SelfSubjectAccessReviewSpec, errors: FieldError[]): void {
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
  const { fieldSelector, labelSelector } = resourceAttributes ?? {}
  const field = 'spec.resourceAttributes'
  validateSelector(fieldSelector, `${field}.fieldSelector`, validateFieldRequirement, errors)
  // An unknown operator is no error: newer clients may ask older servers, and the authorizer then ignores the requirement.
  const validateLabels = (requirement: LabelSelectorRequirement, at: string) =>
    validateLabelSelectorRequirement(requirement, at, errors, { unknownOperators: true })
  validateSelector(labelSelector, `${field}.labelSelector`, validateLabels, errors)
}

function validateSelector<T>(
  selector: { rawSelector?: string; requirements?: T[] } | undefined,
  field: string,
  validateRequirement: (requirement: T, field: string, errors: FieldError[]) => void,
  errors: FieldError[],
): void {
  if (selector === undefined) return
  const { rawSelector = '', requirements = [] } = selector
  if (rawSelector !== '' && requirements.length > 0) {
    errors.push(invalidValue(`${field}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'))
  }
  if (rawSelector === '' && requirements.length === 0) {
    errors.push(required(`${field}.requirements`, `when ${field} is specified, requirements or rawSelector is required`))
  }
  requirements.forEach((requirement, index) => {
    validateRequirement(requirement, `${field}.requirements[${index}]`, errors)
  })
}

function validateFieldRequirement(requirement: FieldSelectorRequirement, field: string, errors: FieldError[]): void {
  if (requirement.key === '') errors.push(required(`${field}.key`, 'must be specified'))
  validateSetOperator(requirement, field, errors)
}
