// storage.k8s.io/v1 CSIStorageCapacity.
import { type FieldError, invalidValue, type UpdateFaults } from '../../field-error.ts'
import type { CSIStorageCapacity } from '../../types/storage-v1.ts'
import { goLabelSelector, invalidShown } from '../../validation/go-syntax.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { immutable, immutableMessage, negativeMessage, pushMessages } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { deprecatedNodeLabels } from '../core/pod-warnings.ts'
import { defineResource } from '../resource.ts'

export const csiStorageCapacity = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  namespaced: true,
  validatesMetadata: ['whole', 'change'],
  allowUnconditionalUpdate: false,
  validate,
  validateUpdate,
  warnings: ({ nodeTopology }) => [
    ...(nodeTopology?.matchExpressions ?? []).flatMap(({ key }, index) => {
      const message = deprecatedNodeLabels[key]
      return message === undefined ? [] : [`nodeTopology.matchExpressions[${index}].key: ${key} is ${message}`]
    }),
    ...Object.keys(nodeTopology?.matchLabels ?? {}).flatMap(label => {
      const message = deprecatedNodeLabels[label]
      return message === undefined ? [] : [`nodeTopology.matchLabels.${label}: ${message}`]
    }),
  ],
})

function validate(object: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = []
  validateLabelSelector(object.nodeTopology, 'nodeTopology', errors)
  pushMessages(errors, 'storageClassName', object.storageClassName, dns1123Subdomain(object.storageClassName))
  // Upstream does not validate the maximum volume size.
  const { capacity } = object
  if (capacity !== undefined && String(capacity).startsWith('-')) errors.push(invalidValue('capacity', capacity, negativeMessage))
  return errors
}

function validateUpdate(object: CSIStorageCapacity, old: CSIStorageCapacity): UpdateFaults {
  const errors: FieldError[] = []
  if (!semanticallyEqual(object.nodeTopology, old.nodeTopology)) {
    const shown = object.nodeTopology === undefined ? '"null"' : goLabelSelector(object.nodeTopology)
    errors.push(invalidShown('nodeTopology', shown, immutableMessage))
  }
  immutable(errors, 'storageClassName', object.storageClassName, old.storageClassName)
  return [validate(object), errors]
}
