// apps/v1 DaemonSet.
import { type FieldError, required } from '../../field-error.ts'
import { int64Text, parseInt64 } from '../../go-text/go-int64.ts'
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from '../../types/apps-v1.ts'
import { goIntOrString, goLabelSelector, invalidShown, notSupportedShown } from '../../validation/go-syntax.ts'
import { isEmptySelector, selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { setPodTemplateDefaults } from '../core/pod-defaults.ts'
import { templateWarnings } from '../core/template-warnings.ts'
import { formatLabels } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { numberOf, validateAtMost100Percent, validateIntOrPercent } from './int-or-percent.ts'
import {
  goUpdateStrategy,
  keepSpecAnnotation,
  labelsMismatch,
  podOwnerColumns,
  validateCollisionCount,
  validateLongRunningTemplate,
  validateNonnegative,
  validateSelectorUnchanged,
} from './pod-owner.ts'

/** Upstream's template generation; apps/v1 removed the field, and this annotation stores it. */
const templateGeneration = 'deprecated.daemonset.template.generation'

export const daemonSet = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
  validatesMetadata: ['whole', 'change'],
  shortNames: ['ds'],
  categories: ['all'],
  countsGeneration: true,
  subresources: [
    statusSubresource<DaemonSet>({
      prepare: (object, old) => keepSpecAnnotation(object, old, templateGeneration),
      validate: validateStatus,
    }),
  ],
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.numberReady ?? 0 },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status?.numberAvailable ?? 0 },
    { name: 'Node Selector', type: 'string', cell: ({ spec }) => formatLabels(spec.template.spec?.nodeSelector) },
    ageColumn,
    ...podOwnerColumns,
  ],
  serving: {
    conversionProblem({ metadata }) {
      const text = metadata.annotations?.[templateGeneration]
      const read = text === undefined ? 0 : parseInt64(text)
      return typeof read === 'string' ? read : undefined
    },
  },
  setDefaults,
  prepareForCreate(object) {
    object.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }
    const generation = templateGenerationOf(object)
    setTemplateGeneration(object, generation < 1n ? 1n : generation)
  },
  prepare(object, old) {
    keepStatus(object, old)
    const changed = !semanticallyEqual(object.spec.template, old.spec.template)
    setTemplateGeneration(object, templateGenerationOf(old) + (changed ? 1n : 0n))
  },
  warnings(object, old) {
    // Only a new template is validated again.
    if (old !== undefined && templateGenerationOf(object) === templateGenerationOf(old)) return []
    return templateWarnings(object, old, object.spec.template, 'spec.template')
  },
  validate: ({ spec }) => validateSpec(spec),
  validateUpdate({ spec }, old) {
    // Upstream validates the new object twice, and reports each error twice.
    const again = validateSpec(spec)
    validateSelectorUnchanged(spec.selector, old.spec.selector, again)
    return [validateSpec(spec), again]
  },
})

/** For an object after `setDefaults`. */
function templateGenerationOf({ metadata }: DaemonSet): bigint {
  return BigInt(metadata.annotations?.[templateGeneration] ?? 0)
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: bigint): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(BigInt.asIntN(64, generation)) }
}

function setDefaults(object: DaemonSet): void {
  const { spec } = object
  // As upstream, the field behind the annotation exists from the start, so the creator manages it.
  const generation = object.metadata.annotations?.[templateGeneration]
  setTemplateGeneration(object, BigInt(generation === undefined ? 0 : int64Text(generation)))
  spec.updateStrategy ??= {}
  const strategy = spec.updateStrategy
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= 10
  setPodTemplateDefaults(spec.template)
}

function validateSpec({ selector, template, updateStrategy, minReadySeconds, revisionHistoryLimit }: DaemonSetSpec): FieldError[] {
  const errors: FieldError[] = []
  validateLabelSelector(selector ?? undefined, 'spec.selector', errors)
  const labels = template.metadata?.labels
  // A missing selector selects nothing, so it does not match either.
  if (errors.length === 0 && (selector === undefined || selector === null || !selectorMatches(selector, labels))) {
    errors.push(labelsMismatch(labels))
  }
  if (selector !== undefined && selector !== null && isEmptySelector(selector)) {
    errors.push(invalidShown('spec.selector', goLabelSelector(selector), 'empty selector is invalid for daemonset'))
  }
  validateLongRunningTemplate(template, 'DaemonSet', true, errors)
  validateNonnegative(minReadySeconds, 'spec.minReadySeconds', errors)
  validateUpdateStrategy(updateStrategy ?? {}, errors)
  validateNonnegative(revisionHistoryLimit, 'spec.revisionHistoryLimit', errors)
  return errors
}

function validateUpdateStrategy(strategy: DaemonSetUpdateStrategy, errors: FieldError[]): void {
  if (strategy.type === 'OnDelete') return
  if (strategy.type !== 'RollingUpdate') {
    errors.push(notSupportedShown('spec.updateStrategy', goUpdateStrategy('DaemonSet', strategy), ['RollingUpdate', 'OnDelete']))
  } else if (strategy.rollingUpdate === undefined) {
    errors.push(required('spec.updateStrategy.rollingUpdate'))
  } else {
    validateRollingUpdate(strategy.rollingUpdate, errors)
  }
}

function validateRollingUpdate({ maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDaemonSet, errors: FieldError[]): void {
  const field = 'spec.updateStrategy.rollingUpdate'
  validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`, errors)
  validateIntOrPercent(maxSurge, `${field}.maxSurge`, errors)
  validateAtMost100Percent(maxUnavailable, `${field}.maxUnavailable`, errors)
  validateAtMost100Percent(maxSurge, `${field}.maxSurge`, errors)
  const unavailable = numberOf(maxUnavailable) !== 0
  const surge = numberOf(maxSurge) !== 0
  if (unavailable && surge) {
    errors.push(invalidShown(`${field}.maxSurge`, goIntOrString(maxSurge), 'may not be set when maxUnavailable is non-zero'))
  } else if (!unavailable && !surge) {
    errors.push(required(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  }
}

const counts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const

function validateStatus({ status }: DaemonSet, old: DaemonSet): FieldError[] {
  const errors: FieldError[] = []
  for (const name of counts) validateNonnegative(status?.[name], `status.${name}`, errors)
  validateCollisionCount(status?.collisionCount, old.status?.collisionCount, errors)
  return errors
}
