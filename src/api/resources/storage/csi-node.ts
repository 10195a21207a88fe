// storage.k8s.io/v1 CSINode.
import { duplicate, type FieldError, invalidValue, required, type UpdateFaults } from '../../field-error.ts'
import type { CSINode, CSINodeDriver } from '../../types/storage-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { validateCsiDriverName } from '../../validation/csi-driver-name.ts'
import { qualifiedName } from '../../validation/names.ts'
import { immutableMessage, negativeMessage, pushMessages } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const maxNodeIdLength = 256

export const csiNode = defineResource<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  namespaced: false,
  deletion: { returnsObject: true },
  validatesMetadata: ['whole', 'whole'],
  allowUnconditionalUpdate: false,
  columns: [nameColumn, { name: 'Drivers', type: 'integer', cell: ({ spec }) => spec.drivers?.length ?? 0 }, ageColumn],
  validate,
  validateUpdate,
})

function validate({ spec }: CSINode): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  spec.drivers?.forEach((driver, index) => {
    validateDriver(driver, `spec.drivers[${index}]`, names, errors)
  })
  return errors
}

function validateDriver(driver: CSINodeDriver, field: string, names: Set<string>, errors: FieldError[]): void {
  validateCsiDriverName(driver.name, `${field}.name`, errors)
  if (driver.nodeID === '') errors.push(required(`${field}.nodeID`))
  if (exceedsBytes(driver.nodeID, maxNodeIdLength)) {
    errors.push(invalidValue(`${field}.nodeID`, driver.nodeID, `must be ${maxNodeIdLength} characters or less`))
  }
  const count = driver.allocatable?.count
  if (count !== undefined && count < 0) errors.push(invalidValue(`${field}.allocatable.count`, count, negativeMessage))
  if (names.has(driver.name)) errors.push(duplicate(`${field}.name`, driver.name))
  names.add(driver.name)
  const keys = new Set<string>()
  for (const key of driver.topologyKeys ?? []) {
    // Upstream names the driver, not the list.
    if (key === '') errors.push(required(field))
    if (keys.has(key)) errors.push(duplicate(field, key))
    keys.add(key)
    pushMessages(errors, field, key, qualifiedName(key))
  }
}

/**
 * Drivers may be added and removed; a remaining one is immutable, or volumes already attached would be miscounted. Upstream validates the
 * new object twice, and reports each error twice.
 */
function validateUpdate(object: CSINode, old: CSINode): UpdateFaults {
  const errors = validate(object)
  for (const before of old.spec.drivers ?? []) {
    for (const now of object.spec.drivers ?? []) {
      // Upstream names the type, not the place.
      if (now.name === before.name && !semanticallyEqual(now, before)) errors.push(invalidValue('CSINodeDriver', now, immutableMessage))
    }
  }
  return [validate(object), errors]
}
