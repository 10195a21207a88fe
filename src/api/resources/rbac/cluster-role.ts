// rbac.authorization.k8s.io/v1 ClusterRole.
import { type FieldError, invalidValue, reportedTwice, required } from '../../field-error.ts'
import type { ClusterRole } from '../../types/rbac-v1.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { validatePolicyRules } from './policy-rule.ts'

const validate = ({ rules, aggregationRule }: ClusterRole) => [
  ...validatePolicyRules(rules, false),
  ...validateAggregation(aggregationRule),
]

export const clusterRole = defineResource<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  validatesMetadata: ['whole', 'whole', 'change'],
  allowCreateOnUpdate: true,
  nameRule: nameIsPathSegment,
  validate,
  // Upstream validates the new object twice, and reports each error twice.
  validateUpdate: object => reportedTwice(validate(object)),
})

function validateAggregation(rule: ClusterRole['aggregationRule']): FieldError[] {
  if (rule === undefined) return []
  const field = 'aggregationRule.clusterRoleSelectors'
  const selectors = rule.clusterRoleSelectors ?? []
  if (selectors.length === 0) return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
  return selectors.flatMap((selector, index) => {
    const errors: FieldError[] = []
    validateLabelSelector(selector, `${field}[${index}]`, errors)
    // Upstream reports it twice: once for the part, once for the selector that it makes invalid.
    return errors.length === 0 ? [] : [...errors, invalidValue(`${field}[${index}]`, null, 'invalid label selector.')]
  })
}
