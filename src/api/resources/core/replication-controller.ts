// ReplicationController, v1.
import { type FieldError, forbiddenField, invalidValue, notFoundField, notSupported, required } from '../../field-error.ts'
import type { ReplicationController } from '../../types/core-v1.ts'
import { goStringMap, invalidShown } from '../../validation/go-syntax.ts'
import { selectorMatches } from '../../validation/label-selector.ts'
import { negativeMessage } from '../../validation/object-meta.ts'
import { validatePodTemplateSpec } from '../../validation/pod/pod-template.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { ageCell, containerImages, containerNames, formatLabels } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { setPodTemplateDefaults } from './pod-defaults.ts'
import { keepSpec, keepStatus } from './status-path.ts'
import { podOwnerNameWarnings, templateWarnings } from './template-warnings.ts'

const statusCounts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const

export const replicationController = defineResource<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  namespaced: true,
  validatesMetadata: ['whole', 'change'],
  shortNames: ['rc'],
  categories: ['all'],
  countsGeneration: true,
  subresources: [
    { name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    { name: 'status', verbs: ['get', 'patch', 'update'], prepare: keepSpec, validate: validateStatus },
  ],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec?.replicas ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    { name: 'Age', type: 'string', cell: ageCell },
    { name: 'Containers', type: 'string', priority: 1, cell: ({ spec }) => containerNames(spec?.template?.spec.containers) },
    { name: 'Images', type: 'string', priority: 1, cell: ({ spec }) => containerImages(spec?.template?.spec.containers) },
    { name: 'Selector', type: 'string', priority: 1, cell: ({ spec }) => formatLabels(spec?.selector) },
  ],
  setDefaults(object) {
    object.spec ??= {}
    const { spec } = object
    const labels = spec.template?.metadata?.labels
    if (labels !== undefined) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
      if (Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = { ...labels }
    }
    spec.replicas ??= 1
    if (spec.template !== undefined) setPodTemplateDefaults(spec.template)
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 }
  },
  validate: validateReplicationController,
  prepare: keepStatus,
  // Upstream validates the new object twice, and reports each error twice.
  validateUpdate: (object, old) => [
    ...validateReplicationController(object),
    ...validateReplicationController(object),
    ...validateConvertible(object, old),
  ],
  warnings: (object, old) => [
    ...podOwnerNameWarnings(object, old),
    // Upstream swaps the arguments here: an update is warned about the old object.
    ...templateWarnings(object, old, (old ?? object).spec?.template, 'spec.template'),
  ],
  fieldSelectors: { values: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }) },
})

function validateReplicationController({ spec = {} }: ReplicationController): FieldError[] {
  const errors: FieldError[] = []
  const selector = spec.selector ?? {}
  if ((spec.minReadySeconds ?? 0) < 0) errors.push(invalidValue('spec.minReadySeconds', spec.minReadySeconds, negativeMessage))
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'))
  if ((spec.replicas ?? 0) < 0) errors.push(invalidValue('spec.replicas', spec.replicas, negativeMessage))
  const { template } = spec
  if (template === undefined) return [...errors, required('spec.template')]
  const labels = template.metadata?.labels
  if (!selectorMatches({ matchLabels: selector }, labels)) {
    errors.push(invalidShown('spec.template.metadata.labels', goStringMap(labels), '`selector` does not match template `labels`'))
  }
  validatePodTemplateSpec(template, 'spec.template', errors)
  if (template.spec.restartPolicy !== 'Always') {
    errors.push(notSupported('spec.template.spec.restartPolicy', template.spec.restartPolicy ?? '', ['Always']))
  }
  if (template.spec.activeDeadlineSeconds !== undefined) {
    const text = 'activeDeadlineSeconds in ReplicationController is not Supported'
    errors.push(forbiddenField('spec.template.spec.activeDeadlineSeconds', text))
  }
  return errors
}

const nonConvertible = 'non-convertible.kubernetes.io'

/** Annotations with this prefix name fields of other versions that this one could not represent. */
function validateConvertible({ spec }: ReplicationController, old: ReplicationController): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(old.metadata.annotations ?? {})) {
    const [, field, ...rest] = key.split('/')
    if (!key.startsWith(nonConvertible) || field === undefined || rest.length > 0) continue
    if (!field.includes('selector')) {
      const error = notFoundField(field, value)
      errors.push({ ...error, message: `${error.message}: unknown non-convertible field` })
    } else if (!semanticallyEqual(spec?.selector, old.spec?.selector)) {
      errors.push(invalidShown('spec.selector', goStringMap(spec?.selector), 'cannot update non-convertible selector'))
    }
  }
  return errors
}

function validateStatus({ status }: ReplicationController): FieldError[] {
  const errors: FieldError[] = []
  for (const field of statusCounts) {
    const value = status?.[field] ?? 0
    if (value < 0) errors.push(invalidValue(`status.${field}`, value, negativeMessage))
  }
  const replicas = status?.replicas ?? 0
  for (const field of ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const) {
    const value = status?.[field] ?? 0
    if (value > replicas) errors.push(invalidValue(`status.${field}`, value, 'cannot be greater than status.replicas'))
  }
  const available = status?.availableReplicas ?? 0
  if (available > (status?.readyReplicas ?? 0)) {
    errors.push(invalidValue('status.availableReplicas', available, 'cannot be greater than readyReplicas'))
  }
  return errors
}
