// apps/v1 StatefulSet.
import { type FieldError, forbiddenField, invalidValue, type UpdateFaults } from '../../field-error.ts'
import type { StatefulSet, StatefulSetSpec } from '../../types/apps-v1.ts'
import { nameIsDnsLabel } from '../../validation/names.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { warnOfClaimSpec } from '../core/claim-warnings.ts'
import { setClaimSpecDefaults, setPodTemplateDefaults } from '../core/pod-defaults.ts'
import { templateWarnings } from '../core/template-warnings.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, scaleSubresource, statusSubresource } from '../status-strategy.ts'
import { templateColumns, validateCollisionCount, validateNonnegative } from './pod-owner.ts'
import { validateStatefulSetSpec } from './stateful-set-spec.ts'

export const statefulSet = defineResource<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  namespaced: true,
  shortNames: ['sts'],
  categories: ['all'],
  countsGeneration: true,
  subresources: [
    scaleSubresource,
    { ...statusSubresource<StatefulSet>({ validate: validateStatus }), validatesMetadata: ['none', 'change'] },
  ],
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}` },
    ageColumn,
    ...templateColumns,
  ],
  nameRule: nameIsDnsLabel,
  setDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0, availableReplicas: 0 }
    dropMaxUnavailable(object.spec)
  },
  prepare(object, old) {
    keepStatus(object, old)
    if (old.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) dropMaxUnavailable(object.spec)
  },
  validate: ({ spec }) => validateStatefulSetSpec(spec, true),
  warnings,
  validateUpdate,
})

/** The field belongs to an alpha feature of v1.33, so a new one is dropped. */
function dropMaxUnavailable({ updateStrategy }: StatefulSetSpec): void {
  delete updateStrategy?.rollingUpdate?.maxUnavailable
}

/** Upstream validates the template's pod only at creation, and its storage does not distinguish an empty list from none. */
function forgetEmptyContainers(spec: StatefulSetSpec): void {
  const pod = spec.template.spec
  if (pod?.containers?.length === 0) Object.assign(pod, { containers: null })
}

function setDefaults({ spec }: StatefulSet): void {
  spec.podManagementPolicy ||= 'OrderedReady'
  spec.updateStrategy ??= {}
  const strategy = spec.updateStrategy
  if ((strategy.type ?? '') === '') {
    strategy.type = 'RollingUpdate'
    strategy.rollingUpdate ??= {}
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  setPodTemplateDefaults(spec.template)
  forgetEmptyContainers(spec)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1'
    claim.kind = 'PersistentVolumeClaim'
    claim.status ??= {}
    claim.status.phase ||= 'Pending'
    setClaimSpecDefaults(claim.spec)
  }
}

function warnings(object: StatefulSet, old: StatefulSet | undefined): string[] {
  const { spec } = object
  const found = templateWarnings(object, old, spec.template, 'spec.template')
  spec.volumeClaimTemplates?.forEach((claim, index) => {
    // As upstream: an update names one more member, by its Go name.
    warnOfClaimSpec(claim.spec, `spec.volumeClaimTemplates[${index}]${old === undefined ? '' : '.Spec'}`, found)
  })
  if ((spec.revisionHistoryLimit ?? 0) < 0) {
    found.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended')
  }
  return found
}

/** The fields that may change after creation. */
const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const satisfies readonly (keyof StatefulSetSpec)[]

function validateUpdate(object: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = validateStatefulSetSpec(object.spec, false)
  const rest = { ...object.spec }
  for (const name of mutable) Object.assign(rest, { [name]: old.spec[name] })
  if (!semanticallyEqual(rest, old.spec)) {
    errors.push(
      forbiddenField(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    )
  }
  return errors
}

const counts = [
  'replicas',
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
  'observedGeneration',
  'collisionCount',
] as const

/** Upstream validates the counts before metadata, and immutable fields after it. */
function validateStatus({ status = { replicas: 0, availableReplicas: 0 } }: StatefulSet, old: StatefulSet): UpdateFaults {
  const errors: FieldError[] = []
  for (const name of counts) validateNonnegative(status[name], `status.${name}`, errors)
  for (const name of ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const) {
    const value = status[name] ?? 0
    if (value > status.replicas) errors.push(invalidValue(`status.${name}`, value, 'cannot be greater than status.replicas'))
  }
  if (status.availableReplicas > (status.readyReplicas ?? 0)) {
    errors.push(invalidValue('status.availableReplicas', status.availableReplicas, 'cannot be greater than status.readyReplicas'))
  }
  const changed: FieldError[] = []
  validateCollisionCount(status.collisionCount, old.status?.collisionCount, changed)
  return [errors, changed]
}
