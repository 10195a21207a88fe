// PersistentVolumeClaim, v1.
import { type FieldError, forbiddenField, required } from '../../field-error.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference } from '../../types/core-v1.ts'
import { validateClaimSpec } from '../../validation/claim-spec.ts'
import { notSupportedShown } from '../../validation/go-syntax.ts'
import { immutable } from '../../validation/object-meta.ts'
import { compareAmounts, roundAmounts, validateBasicQuantity } from '../../validation/quantities.ts'
import { validateClaimResourceKey } from '../../validation/resource-names.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { warnOfClaimSpec } from './claim-warnings.ts'
import { setClaimSpecDefaults } from './pod-defaults.ts'
import { changedFields } from './pod-update.ts'
import { keepSpec, keepStatus } from './status-path.ts'
import { accessModesCell, volumeModeCell } from './volume-cells.ts'

/** The annotation for the class, older than the field. */
export const classAnnotation = 'volume.beta.kubernetes.io/storage-class'
const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort()

export const persistentVolumeClaim = defineResource<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  deletion: { returnsObject: true },
  validatesMetadata: ['whole', 'change', 'whole'],
  shortNames: ['pvc'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], prepare: keepSpec, validate: validateStatus }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    {
      name: 'Status',
      type: 'string',
      cell: ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? '')),
    },
    { name: 'Volume', type: 'string', cell: ({ spec }) => spec?.volumeName ?? '' },
    { name: 'Capacity', type: 'string', cell: ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.['storage'] ?? '0') : '') },
    { name: 'Access Modes', type: 'string', cell: ({ spec, status }) => (spec?.volumeName ? accessModesCell(status?.accessModes) : '') },
    {
      name: 'StorageClass',
      type: 'string',
      cell: ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
    },
    { name: 'VolumeAttributesClass', type: 'string', cell: ({ spec }) => spec?.volumeAttributesClassName || '<unset>' },
    { name: 'Age', type: 'string', cell: ageCell },
    { name: 'VolumeMode', type: 'string', priority: 1, cell: ({ spec }) => volumeModeCell(spec?.volumeMode) },
  ],
  setDefaults(object) {
    object.spec ??= {}
    setClaimSpecDefaults(object.spec)
    object.status ??= {}
    if (!object.status.phase) object.status.phase = 'Pending'
    roundAmounts(object.status.capacity)
    roundAmounts(object.status.allocatedResources)
  },
  prepareForCreate(object) {
    object.status = { phase: 'Pending' }
    prepareSources(object.spec, {})
  },
  validate: object => validateClaim(object),
  prepare(object, old) {
    keepStatus(object, old)
    prepareSources(object.spec, old.spec ?? {})
  },
  validateUpdate: validateClaimUpdate,
  warnings({ metadata, spec }) {
    const warnings: string[] = []
    if (metadata.annotations?.[classAnnotation] !== undefined) {
      warnings.push(`metadata.annotations[${classAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`)
    }
    warnOfClaimSpec(spec, 'spec', warnings)
    return warnings
  },
})

/** Drops fields of features that are off by default in v1.33, and merges the two fields for a source. */
function prepareSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec): void {
  if (spec.dataSourceRef?.namespace && old.dataSourceRef === undefined) delete spec.dataSourceRef
  // The older field never allowed sources of other kinds, and clients that know only it may send them; clients of the newer field mean what
  // they send.
  const hasSource = spec.dataSourceRef !== undefined || old.dataSource !== undefined || old.dataSourceRef !== undefined
  if (!hasSource && spec.dataSource !== undefined && !isCoreSource(spec.dataSource)) delete spec.dataSource
  const { dataSource, dataSourceRef } = spec
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource }
  else if (dataSource === undefined && dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _none, ...source } = dataSourceRef
    spec.dataSource = source
  }
}

function isCoreSource({ apiGroup, kind }: TypedLocalObjectReference): boolean {
  return apiGroup ? apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot' : kind === 'PersistentVolumeClaim'
}

function validateClaim({ spec }: PersistentVolumeClaim, old?: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = []
  const { dataSource, dataSourceRef } = old?.spec ?? {}
  validateClaimSpec(spec ?? {}, 'spec', errors, { anyGroup: (dataSource?.apiGroup ?? dataSourceRef?.apiGroup) !== undefined })
  return errors
}

/**
 * After creation a claim can be bound once, grow, and get the class of its annotation. Upstream validates the new claim twice, and reports
 * each error twice.
 */
function validateClaimUpdate(object: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = [...validateClaim(object, old), ...validateClaim(object, old)]
  const now: PersistentVolumeClaimSpec = { ...object.spec }
  const before: PersistentVolumeClaimSpec = { ...old.spec }
  if (!before.volumeName && now.volumeName) before.volumeName = now.volumeName
  const annotation = object.metadata.annotations?.[classAnnotation]
  const oldAnnotation = old.metadata.annotations?.[classAnnotation]
  const nameGiven = before.storageClassName === undefined && now.storageClassName !== undefined
  const fromAnnotation = nameGiven && oldAnnotation === now.storageClassName && (annotation === undefined || annotation === oldAnnotation)
  // As upstream, no value equals an empty one here.
  if (!fromAnnotation) immutable(errors, `metadata.annotations.${classAnnotation}`, annotation ?? '', oldAnnotation ?? '')
  if (nameGiven && (oldAnnotation === undefined || oldAnnotation === now.storageClassName)) delete now.storageClassName
  const size = object.spec?.resources?.requests?.['storage'] ?? '0'
  const oldSize = old.spec?.resources?.requests?.['storage'] ?? '0'
  if (object.status?.phase === 'Bound' && now.resources?.requests !== undefined) {
    now.resources = { ...now.resources, requests: { ...now.resources.requests, storage: oldSize } }
  }
  if (object.status?.phase === 'Bound') keepAttributesClass(now, before)
  if (!semanticallyEqual(now, before)) {
    const text = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
    errors.push(forbiddenField('spec', `${text}\n${changedFields(now, before)}`))
  }
  if (compareAmounts(size, oldSize) < 0 && compareAmounts(size, old.status?.capacity?.['storage'] ?? '0') <= 0) {
    errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  }
  immutable(errors, 'volumeMode', object.spec?.volumeMode, old.spec?.volumeMode)
  validateAttributesClassChange(object.spec?.volumeAttributesClassName, old.spec?.volumeAttributesClassName, errors)
  return errors
}

/** The class of a bound claim may change. */
function keepAttributesClass(now: PersistentVolumeClaimSpec, { volumeAttributesClassName }: PersistentVolumeClaimSpec): void {
  if (volumeAttributesClassName === undefined) delete now.volumeAttributesClassName
  else now.volumeAttributesClassName = volumeAttributesClassName
}

/** A class that was set may be replaced, and not taken away: nothing would say what the volume has. */
function validateAttributesClassChange(now: string | undefined, before: string | undefined, errors: FieldError[]): void {
  if (before === undefined) return
  const field = 'spec.volumeAttributesClassName'
  if (now === undefined) errors.push(forbiddenField(field, 'update from non-nil value to nil is forbidden'))
  else if (now === '' && before !== '') errors.push(forbiddenField(field, 'update from non-nil value to an empty string is forbidden'))
}

function validateStatus({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = []
  if ((spec?.accessModes?.length ?? 0) === 0) errors.push(required('Spec.accessModes'))
  for (const name in status?.capacity) {
    validateBasicQuantity(status.capacity[name] ?? '0', `status.capacity[${name}]`, errors)
  }
  for (const [name, state] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    validateClaimResourceKey(name, 'status.allocatedResourceStatus', errors)
    if (!resizeStatuses.includes(state)) errors.push(notSupportedShown('status.allocatedResourceStatus', name, resizeStatuses))
  }
  for (const [name, amount] of Object.entries(status?.allocatedResources ?? {})) {
    if (validateClaimResourceKey(name, 'status.allocatedResources', errors)) {
      validateBasicQuantity(amount, `status.allocatedResources[${name}]`, errors)
    }
  }
  return errors
}
