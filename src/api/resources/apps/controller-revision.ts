// apps/v1 ControllerRevision: the state of a StatefulSet or DaemonSet at one revision.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import { sameValue } from '../../same-value.ts'
import { isRecord } from '../../schema/compile.ts'
import type { ControllerRevision } from '../../types/apps-v1.ts'
import { immutableMessage } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { validateNonnegative } from './pod-owner.ts'

export const controllerRevision = defineResource<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
  validatesMetadata: ['change', 'whole'],
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', cell: controllerCell },
    { name: 'Revision', type: 'string', cell: ({ revision }) => revision },
    ageColumn,
  ],
  validate(object) {
    const errors = validateRevision(object)
    validateData(object.data, errors)
    return errors
  },
  validateUpdate(object, old) {
    const errors = validateRevision(object)
    if (!sameValue(object.data ?? null, old.data ?? null)) errors.push(invalidValue('data', object.data, immutableMessage))
    return errors
  },
})

/** The owner as `daemonset.apps/name`. */
function controllerCell({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return '<none>'
  const slash = owner.apiVersion.indexOf('/')
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}

function validateRevision({ revision }: ControllerRevision): FieldError[] {
  const errors: FieldError[] = []
  validateNonnegative(revision, 'revision', errors)
  return errors
}

function validateData(data: unknown, errors: FieldError[]): void {
  if (data === undefined || data === null) errors.push(required('data', 'data is mandatory'))
  else if (!isRecord(data)) errors.push(required('data', 'data must be a valid JSON object'))
}
