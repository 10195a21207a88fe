// ConfigMap, v1.
import { type FieldError, forbiddenField, invalidValue, tooLong, wholeObject } from '../../field-error.ts'
import type { ConfigMap } from '../../types/core-v1.ts'
import { configMapKey } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { dropEmptyMember, semanticallyEqual } from '../../validation/semantic-equality.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'

/** Limit of all values together, in bytes: the store is no file system. Secrets have the same limit. */
export const maxDataBytes = 1024 * 1024
const whenImmutable = 'field is immutable when `immutable` is set'

export const configMap = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  validatesMetadata: ['change', 'whole'],
  shortNames: ['cm'],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    {
      name: 'Data',
      type: 'string',
      cell: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    },
    { name: 'Age', type: 'string', cell: ageCell },
  ],
  writing: {
    dropEmpty(object, old) {
      if (old?.immutable === true) return
      dropEmptyMember(object, 'data')
      dropEmptyMember(object, 'binaryData')
    },
  },
  validate: validateConfigMap,
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    if (old.immutable === true) {
      if (object.immutable !== true) errors.push(forbiddenField('immutable', whenImmutable))
      for (const field of ['data', 'binaryData'] as const) {
        if (!semanticallyEqual(object[field], old[field])) errors.push(forbiddenField(field, whenImmutable))
      }
    }
    return [...errors, ...validateConfigMap(object)]
  },
})

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const key in data) {
    const messages = configMapKey(key)
    if (messages.length > 0) pushMessages(errors, `data[${key}]`, key, messages)
    if (Object.hasOwn(binaryData, key)) errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    size += Buffer.byteLength(data[key] ?? '')
  }
  for (const key in binaryData) {
    pushMessages(errors, `binaryData[${key}]`, key, configMapKey(key))
    size += Buffer.byteLength(binaryData[key] ?? '', 'base64')
  }
  if (size > maxDataBytes) errors.push(tooLong(wholeObject, maxDataBytes))
  return errors
}
