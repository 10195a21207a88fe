// Validation of a claim's spec, in PersistentVolumeClaims and in templates of them.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../field-error.ts'
import type { ObjectMeta } from '../object.ts'
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, TypedObjectReference } from '../types/core-v1.ts'
import { validateLabelSelector } from './label-selector.ts'
import { dns1123Subdomain, nameIsDnsLabel, nameIsDnsSubdomain } from './names.ts'
import { pushMessages, validateAnnotations, validateLabels } from './object-meta.ts'
import { validatePositiveQuantity } from './quantities.ts'

export const accessModes: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const volumeModes: readonly string[] = ['Block', 'Filesystem']

/** Each mode must be known, and ReadWriteOncePod must be the only one. */
export function validateAccessModes(modes: readonly string[] | undefined, path: string, errors: FieldError[]): void {
  let single = false
  let others = false
  for (const mode of modes ?? []) {
    const known = accessModes.includes(mode)
    if (!known) errors.push(notSupported(path, mode, accessModes))
    if (mode === 'ReadWriteOncePod') single = true
    else if (known) others = true
  }
  if (single && others) errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'))
}

/** `anyGroup`: the group of a source is not validated, as in an update of a claim that has one. */
export function validateClaimSpec(
  spec: PersistentVolumeClaimSpec,
  path: string,
  errors: FieldError[],
  { anyGroup = false }: { anyGroup?: boolean } = {},
): void {
  if ((spec.accessModes?.length ?? 0) === 0) errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'))
  validateLabelSelector(spec.selector, `${path}.selector`, errors)
  validateAccessModes(spec.accessModes, `${path}.accessModes`, errors)
  const storage = spec.resources?.requests?.['storage']
  if (storage === undefined) errors.push(required(`${path}.resources[storage]`))
  else validatePositiveQuantity(storage, `${path}.resources[storage]`, errors)
  if (spec.storageClassName) {
    pushMessages(errors, `${path}.storageClassName`, spec.storageClassName, nameIsDnsSubdomain(spec.storageClassName, false))
  }
  if (spec.volumeMode !== undefined && !volumeModes.includes(spec.volumeMode)) {
    errors.push(notSupported(`${path}.volumeMode`, spec.volumeMode, volumeModes))
  }
  if (spec.volumeAttributesClassName) {
    const name = spec.volumeAttributesClassName
    pushMessages(errors, `${path}.volumeAttributesClassName`, name, nameIsDnsSubdomain(name, false))
  }
  validateDataSources(spec, anyGroup, path, errors)
}

function validateDataSources(spec: PersistentVolumeClaimSpec, anyGroup: boolean, path: string, errors: FieldError[]): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource !== undefined) validateDataSource(dataSource, anyGroup, `${path}.dataSource`, errors)
  if (dataSourceRef !== undefined) {
    validateDataSource(dataSourceRef, anyGroup, `${path}.dataSourceRef`, errors)
    if (dataSourceRef.namespace) {
      pushMessages(errors, `${path}.dataSourceRef.namespace`, dataSourceRef.namespace, nameIsDnsLabel(dataSourceRef.namespace, false))
    }
  }
  if (dataSource === undefined || dataSourceRef === undefined) return
  if (dataSourceRef.namespace) {
    errors.push(invalidValue(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified'))
  } else if (
    dataSource.apiGroup !== dataSourceRef.apiGroup ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  ) {
    errors.push(invalidValue(path, `${path}.dataSource`, 'must match dataSourceRef'))
  }
}

function validateDataSource(source: TypedObjectReference, anyGroup: boolean, path: string, errors: FieldError[]): void {
  if (!source.name) errors.push(required(`${path}.name`))
  if (!source.kind) errors.push(required(`${path}.kind`))
  if (source.apiGroup) {
    if (!anyGroup) pushMessages(errors, `${path}.apiGroup`, source.apiGroup, dns1123Subdomain(source.apiGroup))
  } else if (source.kind !== 'PersistentVolumeClaim') {
    errors.push(invalidValue(path, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
  }
}

/** In the order of upstream's structure. */
const refusedInTemplate = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const

/** A claim inside a pod: only labels and annotations of its metadata have a meaning. */
export function validateClaimTemplate(template: PersistentVolumeClaimTemplate, path: string, errors: FieldError[]): void {
  const meta: ObjectMeta = template.metadata ?? {}
  validateAnnotations(meta.annotations, `${path}.metadata.annotations`, errors)
  validateLabels(meta.labels, `${path}.metadata.labels`, errors)
  for (const field of refusedInTemplate) {
    const value = meta[field]
    if (value === undefined || value === null || value === '' || value === 0) continue
    errors.push(forbiddenField(`${path}.metadata.${field === 'uid' ? 'uID' : field}`, 'cannot be set'))
  }
  validateClaimSpec(template.spec ?? {}, `${path}.spec`, errors)
}
