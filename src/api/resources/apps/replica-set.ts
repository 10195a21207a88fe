// apps/v1 ReplicaSet.
import { type FieldError, invalidValue } from '../../field-error.ts'
import type { ReplicaSet, ReplicaSetSpec } from '../../types/apps-v1.ts'
import { setPodTemplateDefaults } from '../core/pod-defaults.ts'
import { podOwnerNameWarnings, templateWarnings } from '../core/template-warnings.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, scaleSubresource, statusSubresource } from '../status-strategy.ts'
import {
  dropTerminatingReplicas,
  podOwnerColumns,
  validateLongRunningTemplate,
  validateNonnegative,
  validateOwnerSelector,
  validateSelectorUnchanged,
  validateTemplateLabels,
} from './pod-owner.ts'

export const replicaSet = defineResource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
  validatesMetadata: ['whole', 'change'],
  shortNames: ['rs'],
  categories: ['all'],
  countsGeneration: true,
  subresources: [scaleSubresource, statusSubresource<ReplicaSet>({ prepare: dropTerminatingReplicas, validate: validateStatus })],
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...podOwnerColumns,
  ],
  setDefaults({ spec }) {
    spec.replicas ??= 1
    spec.template ??= { spec: { containers: [] } }
    setPodTemplateDefaults(spec.template)
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 }
  },
  prepare: keepStatus,
  warnings: (object, old) => [
    ...podOwnerNameWarnings(object, old),
    ...templateWarnings(object, old, object.spec.template, 'spec.template'),
  ],
  validate: ({ spec }) => validateSpec(spec),
  validateUpdate({ spec }, old) {
    // Upstream validates the new object twice, and reports each error twice.
    const again = validateSpec(spec)
    validateSelectorUnchanged(spec.selector, old.spec.selector, again)
    return [validateSpec(spec), again]
  },
})

function validateSpec({ replicas, minReadySeconds, selector, template }: ReplicaSetSpec): FieldError[] {
  const errors: FieldError[] = []
  validateNonnegative(replicas, 'spec.replicas', errors)
  validateNonnegative(minReadySeconds, 'spec.minReadySeconds', errors)
  // Upstream says "deployment" here too.
  if (validateOwnerSelector(selector, 'deployment', 'invalid label selector', errors) && template !== undefined) {
    validateTemplateLabels(template, selector, errors)
    validateLongRunningTemplate(template, 'ReplicaSet', (replicas ?? 0) > 1, errors)
  }
  return errors
}

const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const

function validateStatus({ status = { replicas: 0 } }: ReplicaSet): FieldError[] {
  const errors: FieldError[] = []
  for (const name of counts) validateNonnegative(status[name], `status.${name}`, errors)
  const { replicas, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const over = (name: string, value: number, limit: number, limitName: string): void => {
    if (value > limit) errors.push(invalidValue(`status.${name}`, value, `cannot be greater than ${limitName}`))
  }
  over('fullyLabeledReplicas', fullyLabeledReplicas, replicas, 'status.replicas')
  over('readyReplicas', readyReplicas, replicas, 'status.replicas')
  over('availableReplicas', availableReplicas, replicas, 'status.replicas')
  over('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas')
  return errors
}
