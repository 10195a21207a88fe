// apps/v1 Deployment.

import { type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import { int64Text, parseInt64 } from '../../go-text/go-int64.ts'
import type { ObjectMeta } from '../../object.ts'
import type { Deployment, DeploymentStatus, DeploymentStrategy } from '../../types/apps-v1.ts'
import { goIntOrString, invalidShown, notSupportedShown } from '../../validation/go-syntax.ts'
import { setPodTemplateDefaults } from '../core/pod-defaults.ts'
import { podOwnerNameWarnings, templateWarnings } from '../core/template-warnings.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, scaleSubresource, statusSubresource } from '../status-strategy.ts'
import { numberOf, validateAtMost100Percent, validateIntOrPercent } from './int-or-percent.ts'
import {
  dropTerminatingReplicas,
  goUpdateStrategy,
  keepSpecAnnotation,
  podOwnerColumns,
  validateCollisionCount,
  validateLongRunningTemplate,
  validateNonnegative,
  validateOwnerSelector,
  validateSelectorUnchanged,
  validateTemplateLabels,
} from './pod-owner.ts'

/** Upstream's `spec.rollbackTo`, the revision to roll back to; apps/v1 removed the field, and this annotation stores it. */
export const rollbackTo = 'deprecated.deployment.rollback.to'

export const deployment = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  shortNames: ['deploy'],
  categories: ['all'],
  countsGeneration: { parts: ({ metadata }) => [metadata.annotations ?? {}] },
  // The controller copies annotations to the current ReplicaSet, so it must notice their change.
  subresources: [
    scaleSubresource,
    statusSubresource<Deployment>({
      prepare(object, old) {
        object.metadata.labels = old.metadata.labels
        keepSpecAnnotation(object, old, rollbackTo)
        dropTerminatingReplicas(object, old)
      },
      resetFields: ['metadata.labels'],
      validate: validateStatus,
    }),
  ],
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}` },
    { name: 'Up-to-date', type: 'string', cell: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'string', cell: ({ status }) => status?.availableReplicas ?? 0 },
    ageColumn,
    ...podOwnerColumns,
  ],
  serving: {
    conversionProblem({ metadata }) {
      const text = metadata.annotations?.[rollbackTo]
      const read = text ? parseInt64(text) : 0
      return typeof read === 'string' ? `failed to parse annotation[${rollbackTo}]=${text} as int64: ${read}` : undefined
    },
  },
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
  },
  prepare: keepStatus,
  warnings: (object, old) => [
    ...podOwnerNameWarnings(object, old),
    ...templateWarnings(object, old, object.spec.template, 'spec.template'),
  ],
  validate: object => validateDeployment(object),
  validateUpdate(object, old) {
    const errors = validateDeployment(object)
    validateSelectorUnchanged(object.spec.selector, old.spec.selector, errors)
    return errors
  },
})

function setDefaults({ metadata, spec }: Deployment): void {
  settleRollback(metadata)
  spec.replicas ??= 1
  spec.strategy ??= {}
  const { strategy } = spec
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= '25%'
    strategy.rollingUpdate.maxSurge ??= '25%'
  }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  setPodTemplateDefaults(spec.template)
}

/** After the conversion to the field and back: an empty text means no rollback, and a number has one form. */
function settleRollback(metadata: ObjectMeta): void {
  const text = metadata.annotations?.[rollbackTo]
  if (text === undefined) return
  const { [rollbackTo]: _sent, ...others } = metadata.annotations ?? {}
  const annotations = text === '' ? others : { ...others, [rollbackTo]: int64Text(text) }
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations
  else delete metadata.annotations
}

function validateDeployment({ metadata, spec }: Deployment): FieldError[] {
  const errors: FieldError[] = []
  const { template, selector, progressDeadlineSeconds, minReadySeconds = 0 } = spec
  validateNonnegative(spec.replicas, 'spec.replicas', errors)
  if (validateOwnerSelector(selector, 'deployment', 'invalid label selector', errors)) {
    validateTemplateLabels(template, selector, errors)
    validateLongRunningTemplate(template, 'ReplicaSet', (spec.replicas ?? 0) > 1, errors)
  }
  validateStrategy(spec.strategy ?? {}, errors)
  validateNonnegative(minReadySeconds, 'spec.minReadySeconds', errors)
  validateNonnegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors)
  const rollback = metadata.annotations?.[rollbackTo]
  // Upstream's name of the field.
  if (rollback !== undefined) validateNonnegative(Number(rollback), 'spec.rollback.version', errors)
  if (progressDeadlineSeconds === undefined) return errors
  validateNonnegative(progressDeadlineSeconds, 'spec.progressDeadlineSeconds', errors)
  if (progressDeadlineSeconds <= minReadySeconds) {
    errors.push(invalidValue('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds'))
  }
  return errors
}

function validateStrategy(strategy: DeploymentStrategy, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy
  const field = 'spec.strategy.rollingUpdate'
  if (type === 'Recreate') {
    if (rollingUpdate !== undefined) {
      errors.push(forbiddenField(field, "may not be specified when strategy `type` is 'Recreate'"))
    }
    return
  }
  if (type !== 'RollingUpdate') {
    errors.push(notSupportedShown('spec.strategy', goUpdateStrategy('Deployment', strategy), ['Recreate', 'RollingUpdate']))
    return
  }
  if (rollingUpdate === undefined) {
    errors.push(required(field, 'this should be defaulted and never be nil'))
    return
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
  validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`, errors)
  validateIntOrPercent(maxSurge, `${field}.maxSurge`, errors)
  if (numberOf(maxUnavailable) === 0 && numberOf(maxSurge) === 0) {
    errors.push(invalidShown(`${field}.maxUnavailable`, goIntOrString(maxUnavailable), 'may not be 0 when `maxSurge` is 0'))
  }
  validateAtMost100Percent(maxUnavailable, `${field}.maxUnavailable`, errors)
}

const counts = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'] as const

function validateStatus({ status = {} }: Deployment, old: Deployment): FieldError[] {
  const errors: FieldError[] = []
  for (const name of counts) validateNonnegative(status[name], `status.${name}`, errors)
  validateNonnegative(status.collisionCount, 'status.collisionCount', errors)
  validateStatusCounts(status, errors)
  validateCollisionCount(status.collisionCount, old.status?.collisionCount, errors)
  return errors
}

function validateStatusCounts(status: DeploymentStatus, errors: FieldError[]): void {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const over = (name: string, value: number, limit: number, limitName: string): void => {
    if (value > limit) errors.push(invalidValue(`status.${name}`, value, `cannot be greater than ${limitName}`))
  }
  over('updatedReplicas', updatedReplicas, replicas, 'status.replicas')
  over('readyReplicas', readyReplicas, replicas, 'status.replicas')
  over('availableReplicas', availableReplicas, replicas, 'status.replicas')
  over('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas')
}
