// policy/v1 PodDisruptionBudget.
import { type FieldError, invalidValue, notSupported } from '../../field-error.ts'
import type { PodDisruptionBudget } from '../../types/policy-v1.ts'
import { validateConditions } from '../../validation/conditions.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { negativeMessage } from '../../validation/object-meta.ts'
import { validateAtMost100Percent, validateIntOrPercent } from '../apps/int-or-percent.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'

const evictionPolicies = ['AlwaysAllow', 'IfHealthyBudget']
const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const

export const podDisruptionBudget = defineResource<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
  allowUnconditionalUpdate: false,
  shortNames: ['pdb'],
  countsGeneration: true,
  subresources: [statusSubresource<PodDisruptionBudget>({ validate: validateStatus })],
  columns: [
    nameColumn,
    { name: 'Min Available', type: 'string', cell: ({ spec }) => String(spec.minAvailable ?? 'N/A') },
    { name: 'Max Unavailable', type: 'string', cell: ({ spec }) => String(spec.maxUnavailable ?? 'N/A') },
    { name: 'Allowed Disruptions', type: 'integer', cell: ({ status }) => status?.disruptionsAllowed ?? 0 },
    ageColumn,
  ],
  // Upstream only requires that a budget's name is a valid path segment.
  nameRule: nameIsPathSegment,
  validatesMetadata: false,
  standardFinalizers: false,
  prepareForCreate(object) {
    object.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  },
  prepare: keepStatus,
  validate,
})

function validate({ spec }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = []
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy } = spec
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field]
    if (value === undefined) continue
    validateIntOrPercent(value, `spec.${field}`, errors)
    validateAtMost100Percent(value, `spec.${field}`, errors)
  }
  validateLabelSelector(spec.selector, 'spec.selector', errors)
  if (unhealthyPodEvictionPolicy !== undefined && !evictionPolicies.includes(unhealthyPodEvictionPolicy)) {
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, evictionPolicies))
  }
  return errors
}

function validateStatus({ status }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = []
  validateConditions(status?.conditions, 'status.conditions', errors)
  for (const name of counts) {
    const value = status?.[name] ?? 0
    if (value < 0) errors.push(invalidValue(`status.${name}`, value, negativeMessage))
  }
  return errors
}
