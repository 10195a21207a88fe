// storage.k8s.io/v1beta1 VolumeAttributesClass: parameters of volumes that can change while the volume is in use.
import { type FieldError, forbiddenField, required } from '../../field-error.ts'
import type { VolumeAttributesClass } from '../../types/storage-v1beta1.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { validateDriverName, validateParameters } from './class-parameters.ts'

export const volumeAttributesClass = defineResource<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1beta1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  namespaced: false,
  deletion: { returnsObject: true },
  shortNames: ['vac'],
  columns: [nameColumn, { name: 'DriverName', type: 'string', cell: ({ driverName }) => driverName }, ageColumn],
  validate,
  validateUpdate(object, old) {
    const errors = validate(object)
    if (object.driverName !== old.driverName) errors.push(forbiddenField('driverName', 'updates to driverName are forbidden.'))
    if (!semanticallyEqual(object.parameters, old.parameters)) {
      errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'))
    }
    return errors
  },
})

function validate({ driverName = '', parameters }: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = []
  validateDriverName(driverName, 'driverName', errors)
  validateParameters(parameters, errors)
  if (Object.keys(parameters ?? {}).length === 0) errors.push(required('parameters', 'must contain at least one key/value pair'))
  return errors
}
