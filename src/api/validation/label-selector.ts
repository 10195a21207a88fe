// Validation of metav1.LabelSelector in any object.
import { type FieldError, forbiddenField, invalidValue, required } from '../field-error.ts'
import { labelValue, qualifiedName } from './names.ts'
import { pushMessages, validateLabels } from './object-meta.ts'

export interface LabelSelectorRequirementLike {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

export interface LabelSelectorLike {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelSelectorRequirementLike[]
}

/** Validates a label selector; a missing one is valid here. */
export function validateLabelSelector(selector: LabelSelectorLike | undefined, path: string, errors: FieldError[]): void {
  if (selector === undefined) return
  validateLabels(selector.matchLabels, `${path}.matchLabels`, errors)
  selector.matchExpressions?.forEach((requirement, index) => {
    validateLabelSelectorRequirement(requirement, `${path}.matchExpressions[${index}]`, errors)
  })
}

/** `unknownOperators`: newer clients may use operators that are not known here. */
export function validateLabelSelectorRequirement(
  requirement: LabelSelectorRequirementLike,
  path: string,
  errors: FieldError[],
  { unknownOperators = false }: { unknownOperators?: boolean } = {},
): void {
  const values = requirement.values ?? []
  if (!validateSetOperator(requirement, path, errors) && !unknownOperators) {
    errors.push(invalidValue(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'))
  }
  const key = requirement.key ?? ''
  pushMessages(errors, `${path}.key`, key, qualifiedName(key))
  values.forEach((value, index) => {
    pushMessages(errors, `${path}.values[${index}]`, value, labelValue(value))
  })
}

/** Whether the operator is one that label and node selectors share; reports a wrong number of values. */
export function validateSetOperator(requirement: LabelSelectorRequirementLike, path: string, errors: FieldError[]): boolean {
  const { operator, values = [] } = requirement
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      return true
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.push(forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      }
      return true
    default:
      return false
  }
}

/** Whether the selector has no requirements: it matches everything. */
export function isEmptySelector(selector: LabelSelectorLike): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0
}

/** Whether the labels satisfy every requirement of a valid selector. */
export function selectorMatches(selector: LabelSelectorLike, labels: Readonly<Record<string, string>> | undefined): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels?.[key] !== value) return false
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels?.[key]
    if (operator === 'In') return value !== undefined && values.includes(value)
    if (operator === 'NotIn') return value === undefined || !values.includes(value)
    return operator === 'Exists' ? value !== undefined : value === undefined
  })
}
