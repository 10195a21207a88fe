// PersistentVolume, v1.

import type { PersistentVolume } from '../../types/core-v1.ts'
import { roundAmounts } from '../../validation/quantities.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { classAnnotation } from './persistent-volume-claim.ts'
import { mountOptionsAnnotation, validatePersistentVolume, validatePersistentVolumeUpdate } from './persistent-volume-validation.ts'
import { setBackendDefaults } from './pod-defaults.ts'
import { deprecatedVolumes, warnOfNodeTerm } from './pod-warnings.ts'
import { keepSpec, keepStatus } from './status-path.ts'
import { accessModesCell, volumeModeCell } from './volume-cells.ts'

export const persistentVolume = defineResource<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
  deletion: { returnsObject: true },
  validatesMetadata: ['whole', 'whole'],
  shortNames: ['pv'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], prepare: prepareStatus }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Capacity', type: 'string', cell: ({ spec }) => spec?.capacity?.['storage'] ?? '0' },
    { name: 'Access Modes', type: 'string', cell: ({ spec }) => accessModesCell(spec?.accessModes) },
    { name: 'Reclaim Policy', type: 'string', cell: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '' },
    {
      name: 'Status',
      type: 'string',
      cell: ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? '')),
    },
    {
      name: 'Claim',
      type: 'string',
      cell: ({ spec }) => (spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`),
    },
    {
      name: 'StorageClass',
      type: 'string',
      cell: ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
    },
    { name: 'VolumeAttributesClass', type: 'string', cell: ({ spec }) => spec?.volumeAttributesClassName || '<unset>' },
    { name: 'Reason', type: 'string', cell: ({ status }) => status?.reason ?? '' },
    { name: 'Age', type: 'string', cell: ageCell },
    { name: 'VolumeMode', type: 'string', priority: 1, cell: ({ spec }) => volumeModeCell(spec?.volumeMode) },
  ],
  setDefaults(object) {
    object.spec ??= {}
    const { spec } = object
    object.status ??= {}
    if (!object.status.phase) object.status.phase = 'Pending'
    if (!spec.persistentVolumeReclaimPolicy) spec.persistentVolumeReclaimPolicy = 'Retain'
    spec.volumeMode ??= 'Filesystem'
    roundAmounts(spec.capacity)
    if (spec.hostPath !== undefined) spec.hostPath.type ??= ''
    setBackendDefaults(spec)
  },
  prepareForCreate(object, context) {
    object.status = { phase: 'Pending', lastPhaseTransitionTime: timeAt(context.now) }
  },
  validate: validatePersistentVolume,
  prepare: keepStatus,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: persistentVolumeWarnings,
})

/** Sources that upstream warns about only in pods. */
const silent: ReadonlySet<string> = new Set(['flocker', 'quobyte'])

function persistentVolumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const warnings: string[] = []
  if (metadata.annotations?.[classAnnotation] !== undefined) {
    warnings.push(`metadata.annotations[${classAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`)
  }
  if (metadata.annotations?.[mountOptionsAnnotation] !== undefined) {
    warnings.push(`metadata.annotations[${mountOptionsAnnotation}]: deprecated since v1.31; use "mountOptions" attribute instead`)
  }
  if (spec?.persistentVolumeReclaimPolicy === 'Recycle') {
    const advice = 'Instead, the recommended approach is to use dynamic provisioning.'
    warnings.push(`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${advice}`)
  }
  spec?.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, index) => {
    warnOfNodeTerm(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, warnings)
  })
  for (const { field, shown, message } of deprecatedVolumes) {
    if (field !== 'gitRepo' && !silent.has(field) && spec?.[field] !== undefined) warnings.push(`spec.${shown}: ${message}`)
  }
  return warnings
}

function prepareStatus(object: PersistentVolume, old: PersistentVolume, context: { readonly now: number }): void {
  keepSpec(object, old)
  if (object.status === undefined) return
  const before = old.status?.lastPhaseTransitionTime ?? undefined
  const given = object.status.lastPhaseTransitionTime ?? undefined
  if (object.status.phase !== old.status?.phase) {
    if (given === undefined || given === before) object.status.lastPhaseTransitionTime = timeAt(context.now)
  } else if (given === undefined && before !== undefined) object.status.lastPhaseTransitionTime = before
}

/** RFC 3339 in whole seconds, as all of Kubernetes' times except MicroTime. */
function timeAt(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
