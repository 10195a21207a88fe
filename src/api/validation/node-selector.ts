// Validation of node selectors: in node affinity of pods and of persistent volumes.
import { type FieldError, invalidValue, required } from '../field-error.ts'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../types/core-v1.ts'
import { validateSetOperator } from './label-selector.ts'
import { labelValue, nameIsDnsSubdomain, qualifiedName } from './names.ts'
import { pushMessages } from './object-meta.ts'

export function validateNodeSelector(selector: NodeSelector, path: string, errors: FieldError[]): void {
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0) errors.push(required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term'))
  terms.forEach((term, index) => {
    validateNodeSelectorTerm(term, true, `${path}.nodeSelectorTerms[${index}]`, errors)
  })
}

/** `strictValues`: values must be label values; those of preferences were never checked, and still are not. */
export function validateNodeSelectorTerm(term: NodeSelectorTerm, strictValues: boolean, path: string, errors: FieldError[]): void {
  term.matchExpressions?.forEach((requirement, index) => {
    validateRequirement(requirement, strictValues, `${path}.matchExpressions[${index}]`, errors)
  })
  term.matchFields?.forEach((requirement, index) => {
    validateFieldRequirement(requirement, `${path}.matchFields[${index}]`, errors)
  })
}

function validateRequirement(requirement: NodeSelectorRequirement, strictValues: boolean, path: string, errors: FieldError[]): void {
  const values = requirement.values ?? []
  if (requirement.operator === 'Gt' || requirement.operator === 'Lt') {
    if (values.length !== 1) errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
  } else if (!validateSetOperator(requirement, path, errors)) {
    errors.push(invalidValue(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'))
  }
  const key = requirement.key ?? ''
  pushMessages(errors, `${path}.key`, key, qualifiedName(key))
  if (!strictValues) return
  values.forEach((value, index) => {
    pushMessages(errors, `${path}.values[${index}]`, value, labelValue(value))
  })
}

function validateFieldRequirement(requirement: NodeSelectorRequirement, path: string, errors: FieldError[]): void {
  const values = requirement.values ?? []
  if (requirement.operator !== 'In' && requirement.operator !== 'NotIn') {
    errors.push(invalidValue(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'))
  } else if (values.length !== 1) {
    errors.push(required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
  }
  if (requirement.key !== 'metadata.name') {
    errors.push(invalidValue(`${path}.key`, requirement.key ?? '', 'not a valid field selector key'))
    return
  }
  values.forEach((value, index) => {
    pushMessages(errors, `${path}.values[${index}]`, value, nameIsDnsSubdomain(value, false))
  })
}
