// storage.k8s.io/v1 StorageClass.
import { duplicate, type FieldError, forbiddenField, notSupported, required, type UpdateFaults } from '../../field-error.ts'
import type { TopologySelectorTerm } from '../../types/core-v1.ts'
import type { StorageClass } from '../../types/storage-v1.ts'
import { qualifiedName } from '../../validation/names.ts'
import { immutable, pushMessages } from '../../validation/object-meta.ts'
import { dropEmptyMember, semanticallyEqual } from '../../validation/semantic-equality.ts'
import { deprecatedNodeLabels } from '../core/pod-warnings.ts'
import { defineResource } from '../resource.ts'
import { ageColumn } from '../standard-columns.ts'
import { validateDriverName, validateParameters } from './class-parameters.ts'

const reclaimPolicies = ['Delete', 'Retain']
const bindingModes = ['Immediate', 'WaitForFirstConsumer']
const defaultClassAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

export const storageClass = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
  deletion: { returnsObject: true },
  validatesMetadata: ['whole', 'change'],
  shortNames: ['sc'],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: nameCell },
    { name: 'Provisioner', type: 'string', cell: ({ provisioner }) => provisioner },
    { name: 'ReclaimPolicy', type: 'string', cell: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete' },
    { name: 'VolumeBindingMode', type: 'string', cell: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate' },
    { name: 'AllowVolumeExpansion', type: 'string', cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
    ageColumn,
  ],
  setDefaults(object) {
    object.reclaimPolicy ??= 'Delete'
    object.volumeBindingMode ??= 'Immediate'
  },
  writing: {
    dropEmpty(object, old) {
      if (old === undefined) dropEmptyMember(object, 'parameters')
    },
  },
  validate,
  validateUpdate,
  warnings: object =>
    (object.allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }, index) =>
      matchLabelExpressions.flatMap(({ key }, at) => {
        const message = deprecatedNodeLabels[key]
        return message === undefined ? [] : [`allowedTopologies[${index}].matchLabelExpressions[${at}].key: ${message}`]
      }),
    ),
})

function nameCell({ metadata }: StorageClass): string {
  const isDefault = defaultClassAnnotations.some(annotation => metadata.annotations?.[annotation] === 'true')
  return isDefault ? `${metadata.name} (default)` : (metadata.name ?? '')
}

function validate(object: StorageClass): FieldError[] {
  const errors: FieldError[] = []
  const { provisioner, reclaimPolicy, volumeBindingMode } = object
  validateDriverName(provisioner, 'provisioner', errors)
  validateParameters(object.parameters, errors)
  if (reclaimPolicy !== undefined && reclaimPolicy !== '' && !reclaimPolicies.includes(reclaimPolicy)) {
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, reclaimPolicies))
  }
  if (volumeBindingMode === undefined) errors.push(required('volumeBindingMode'))
  else if (!bindingModes.includes(volumeBindingMode)) errors.push(notSupported('volumeBindingMode', volumeBindingMode, bindingModes))
  validateTopologies(object.allowedTopologies, errors)
  return errors
}

function validateTopologies(terms: readonly TopologySelectorTerm[] | undefined, errors: FieldError[]): void {
  const seenTerms: unknown[] = []
  terms?.forEach((term, index) => {
    const field = `allowedTopologies[${index}].matchLabelExpressions`
    const byKey: Record<string, string[]> = Object.create(null)
    term.matchLabelExpressions?.forEach((expression, at) => {
      const values = expression.values ?? []
      if (values.length === 0) errors.push(required(`${field}[${at}].values`))
      values.forEach((value, position) => {
        if (values.indexOf(value) < position) errors.push(duplicate(`${field}[${at}].values[${position}]`, value))
      })
      pushMessages(errors, `${field}[${at}].key`, expression.key, qualifiedName(expression.key))
      if (expression.key in byKey) errors.push(duplicate(`${field}[${at}].key`, expression.key))
      byKey[expression.key] = [...values].sort()
    })
    // Upstream's list of the old ones begins with as many empty entries.
    if (Object.keys(byKey).length === 0 || seenTerms.some(seen => semanticallyEqual(seen, byKey))) errors.push(duplicate(field, ''))
    seenTerms.push(byKey)
  })
}

function validateUpdate(object: StorageClass, old: StorageClass): UpdateFaults {
  const errors: FieldError[] = []
  if (!semanticallyEqual(object.parameters, old.parameters)) {
    errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'))
  }
  if (object.provisioner !== old.provisioner) errors.push(forbiddenField('provisioner', 'updates to provisioner are forbidden.'))
  if (object.reclaimPolicy !== old.reclaimPolicy) {
    errors.push(forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'))
  }
  immutable(errors, 'volumeBindingMode', object.volumeBindingMode, old.volumeBindingMode)
  return [validate(object), errors]
}
