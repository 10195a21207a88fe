// The rules of Role and ClusterRole.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { PolicyRule } from '../../types/rbac-v1.ts'

/** A rule is about resources or URLs, and needs verbs; a Role cannot have URLs. */
export function validatePolicyRules(rules: readonly PolicyRule[] | null | undefined, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  rules?.forEach((rule, index) => {
    validateRule(rule, namespaced, index, errors)
  })
  return errors
}

function validateRule(rule: PolicyRule, namespaced: boolean, index: number, errors: FieldError[]): void {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  if ((rule.verbs ?? []).length === 0) errors.push(required(`rules[${index}].verbs`, 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    const field = `rules[${index}].nonResourceURLs`
    if (namespaced) errors.push(invalidValue(field, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      errors.push(invalidValue(field, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'))
    }
    return
  }
  if (apiGroups.length === 0) errors.push(required(`rules[${index}].apiGroups`, 'resource rules must supply at least one api group'))
  if (resources.length === 0) errors.push(required(`rules[${index}].resources`, 'resource rules must supply at least one resource'))
}
