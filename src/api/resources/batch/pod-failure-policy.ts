// How a Job handles pods that fail in a certain way.

import { duplicate, type FieldError, invalidUnshown, invalidValue, notSupported, required, tooMany } from '../../field-error.ts'
import type {
  JobSpec,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
} from '../../types/batch-v1.ts'
import { goList, goString, invalidShown } from '../../validation/go-syntax.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

const maxRules = 20
const maxExitCodes = 255
const maxConditionPatterns = 20
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const operators = ['In', 'NotIn']
const conditionStatuses = ['False', 'True', 'Unknown']

/** Go's form of a list of strings, without commas. */
function validValues(values: readonly string[]): string {
  return `valid values: [${values.map(value => goString(value)).join(' ')}]`
}

export function validatePodFailurePolicy(policy: PodFailurePolicy, spec: JobSpec, field: string, errors: FieldError[]): void {
  const rules = policy.rules ?? []
  if (rules.length > maxRules) errors.push(tooMany(`${field}.rules`, rules.length, maxRules))
  const containers = new Set<string>()
  for (const { name } of spec.template.spec?.containers ?? []) containers.add(name)
  for (const { name } of spec.template.spec?.initContainers ?? []) containers.add(name)
  rules.forEach((rule, index) => {
    validateRule(rule, spec, containers, `${field}.rules[${index}]`, errors)
  })
}

function validateRule(
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  const { action, onExitCodes, onPodConditions = [] } = rule
  if (action === '') {
    errors.push(required(`${field}.action`, validValues(actions)))
  } else if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined) {
      errors.push(invalidValue(`${field}.action`, action, 'requires the backoffLimitPerIndex to be set'))
    }
  } else if (!actions.includes(action)) {
    errors.push(notSupported(`${field}.action`, action, actions))
  }
  if (onExitCodes !== undefined) validateExitCodes(onExitCodes, containers, `${field}.onExitCodes`, errors)
  if (onPodConditions.length > 0) validateConditions(onPodConditions, `${field}.onPodConditions`, errors)
  if (onExitCodes !== undefined && onPodConditions.length > 0) {
    errors.push(invalidUnshown(field, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  }
  if (onExitCodes === undefined && onPodConditions.length === 0) {
    errors.push(invalidUnshown(field, 'specifying one of OnExitCodes and OnPodConditions is required'))
  }
}

function validateExitCodes(
  { containerName, operator, values: codes }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  if (operator === '') {
    errors.push(required(`${field}.operator`, validValues(operators)))
  } else if (!operators.includes(operator)) {
    errors.push(notSupported(`${field}.operator`, operator, operators))
  }
  if (containerName !== undefined && !containers.has(containerName)) {
    errors.push(
      invalidValue(`${field}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'),
    )
  }
  const values = codes ?? []
  const shown = (): string => goList('int32', codes ?? undefined, String)
  if (values.length === 0) errors.push(invalidShown(`${field}.values`, shown(), 'at least one value is required'))
  else if (values.length > maxExitCodes) errors.push(tooMany(`${field}.values`, values.length, maxExitCodes))
  const seen = new Set<number>()
  let ordered = true
  values.forEach((value, index) => {
    if (operator === 'In' && value === 0) {
      errors.push(invalidValue(`${field}.values[${index}]`, value, 'must not be 0 for the In operator'))
    }
    if (seen.has(value)) errors.push(duplicate(`${field}.values[${index}]`, value))
    else seen.add(value)
    if (index > 0 && value < (values[index - 1] ?? value)) ordered = false
  })
  if (!ordered) errors.push(invalidShown(`${field}.values`, shown(), 'must be ordered'))
}

function validateConditions(patterns: readonly PodFailurePolicyOnPodConditionsPattern[], field: string, errors: FieldError[]): void {
  if (patterns.length > maxConditionPatterns) errors.push(tooMany(field, patterns.length, maxConditionPatterns))
  patterns.forEach(({ type, status }, index) => {
    pushMessages(errors, `${field}[${index}].type`, type, qualifiedName(type))
    if (status === '') {
      errors.push(required(`${field}[${index}].status`, validValues(conditionStatuses)))
    } else if (!conditionStatuses.includes(status)) {
      errors.push(notSupported(`${field}[${index}].status`, status, conditionStatuses))
    }
  })
}
