// Namespace, v1.
import { type FieldError, invalidValue } from '../../field-error.ts'
import type { Namespace } from '../../types/core-v1.ts'
import { nameIsDnsLabel, qualifiedName } from '../../validation/names.ts'
import { pushMessages, validateFinalizerIsKnown } from '../../validation/object-meta.ts'
import { ageCell } from '../printing.ts'
import { defineResource, type Verb } from '../resource.ts'
import { keepSpec, keepStatus } from './status-path.ts'

/** Selectors find a namespace by this label, which cannot be removed or forged. */
const nameLabel = 'kubernetes.io/metadata.name'
/** The namespace controller removes it after it has emptied the namespace. */
const contentFinalizer = 'kubernetes'
const verbs: readonly Verb[] = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']

export const namespace = defineResource<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  validatesMetadata: ['whole', 'change'],
  deletion: { skipsGracePeriod: true },
  shortNames: ['ns'],
  verbs,
  subresources: [
    { name: 'finalize', verbs: ['update'], prepare: keepStatus, validate: validateFinalize, resetFields: ['status'] },
    { name: 'status', verbs: ['get', 'patch', 'update'], prepare: keepSpec, validate: validateStatus },
  ],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Status', type: 'string', cell: ({ status }) => status?.phase ?? '' },
    { name: 'Age', type: 'string', cell: ageCell },
  ],
  nameRule: nameIsDnsLabel,
  setDefaults(object) {
    labelWithName(object)
    object.spec ??= {}
    object.status ??= {}
    if (!object.status.phase) object.status.phase = 'Active'
  },
  prepareForCreate(object) {
    // A generated name is only known now.
    labelWithName(object)
    object.status = { phase: 'Active' }
    object.spec ??= {}
    const finalizers = object.spec.finalizers ?? []
    if (!finalizers.includes(contentFinalizer)) object.spec.finalizers = [...finalizers, contentFinalizer]
  },
  validate: ({ spec }) => validateFinalizers(spec?.finalizers, () => 'spec.finalizers'),
  prepare(object, old) {
    object.spec ??= {}
    if (old.spec?.finalizers === undefined) delete object.spec.finalizers
    else object.spec.finalizers = old.spec.finalizers
    keepStatus(object, old)
  },
  validateUpdate: () => [],
  fieldSelectors: { values: ({ status }) => ({ 'status.phase': status?.phase ?? '' }) },
})

function labelWithName({ metadata }: Namespace): void {
  if (!metadata.name) return
  metadata.labels ??= {}
  metadata.labels[nameLabel] = metadata.name
}

function validateFinalizers(finalizers: readonly string[] | undefined, pathOf: (index: number) => string): FieldError[] {
  const errors: FieldError[] = []
  finalizers?.forEach((finalizer, index) => {
    pushMessages(errors, pathOf(index), finalizer, qualifiedName(finalizer))
    validateFinalizerIsKnown(finalizer, pathOf(index), errors)
  })
  return errors
}

function validateFinalize({ spec }: Namespace): FieldError[] {
  return validateFinalizers(spec?.finalizers, index => `spec.finalizers[${index}]`)
}

function validateStatus({ metadata, status }: Namespace): FieldError[] {
  const phase = status?.phase ?? ''
  if (metadata.deletionTimestamp) {
    return phase === 'Terminating'
      ? []
      : [invalidValue('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")]
  }
  return phase === 'Active' ? [] : [invalidValue('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")]
}
