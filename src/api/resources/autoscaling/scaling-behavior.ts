// How fast an autoscaler may scale up and down.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules } from '../../types/autoscaling-v2.ts'

const maxStabilizationSeconds = 3600
const maxPeriodSeconds = 1800
const selectPolicies = ['Disabled', 'Max', 'Min']
const policyTypes = ['Percent', 'Pods']

export function validateBehavior(behavior: HorizontalPodAutoscalerBehavior | undefined, field: string, errors: FieldError[]): void {
  if (behavior?.scaleUp !== undefined) validateRules(behavior.scaleUp, `${field}.scaleUp`, errors)
  if (behavior?.scaleDown !== undefined) validateRules(behavior.scaleDown, `${field}.scaleDown`, errors)
}

function validateRules(
  { stabilizationWindowSeconds, selectPolicy, policies = [] }: HPAScalingRules,
  field: string,
  errors: FieldError[],
): void {
  if (stabilizationWindowSeconds !== undefined) {
    const path = `${field}.stabilizationWindowSeconds`
    if (stabilizationWindowSeconds < 0) {
      errors.push(invalidValue(path, stabilizationWindowSeconds, 'must be greater than or equal to zero'))
    }
    if (stabilizationWindowSeconds > maxStabilizationSeconds) {
      errors.push(invalidValue(path, stabilizationWindowSeconds, `must be less than or equal to ${maxStabilizationSeconds}`))
    }
  }
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy)) {
    errors.push(notSupported(`${field}.selectPolicy`, selectPolicy, selectPolicies))
  }
  if (policies.length === 0) errors.push(required(`${field}.policies`, 'must specify at least one Policy'))
  policies.forEach((policy, index) => {
    validatePolicy(policy, `${field}.policies[${index}]`, errors)
  })
}

function validatePolicy({ type, value, periodSeconds }: HPAScalingPolicy, field: string, errors: FieldError[]): void {
  if (!policyTypes.includes(type)) errors.push(notSupported(`${field}.type`, type, policyTypes))
  if (value <= 0) errors.push(invalidValue(`${field}.value`, value, 'must be greater than zero'))
  if (periodSeconds <= 0) errors.push(invalidValue(`${field}.periodSeconds`, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > maxPeriodSeconds) {
    errors.push(invalidValue(`${field}.periodSeconds`, periodSeconds, `must be less than or equal to ${maxPeriodSeconds}`))
  }
}
