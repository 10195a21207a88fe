// autoscaling/v2 HorizontalPodAutoscaler: the stored form.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { CrossVersionObjectReference, HorizontalPodAutoscaler, HPAScalingRules } from '../../types/autoscaling-v2.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { negativeMessage, pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { autoscalerColumns } from './autoscaler-columns.ts'
import { defaultMetrics } from './convert-autoscaler.ts'
import { validateMetrics } from './metric-spec.ts'
import { ownAnnotations } from './round-trip-annotations.ts'
import { validateBehavior } from './scaling-behavior.ts'

export const horizontalPodAutoscaler = defineResource<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [statusSubresource<HorizontalPodAutoscaler>({ validate: validateAutoscalerStatus })],
  columns: autoscalerColumns,
  setDefaults: setAutoscalerDefaults,
  prepareForCreate(object) {
    object.status = { desiredReplicas: 0, currentMetrics: null }
    dropTolerance(object, undefined)
  },
  prepare(object, old) {
    keepStatus(object, old)
    dropTolerance(object, old)
  },
  validate: validateAutoscaler,
})

/** The tolerance of scaling is alpha in 1.33: dropped unless in use, as upstream without the gate. */
function dropTolerance({ spec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler | undefined): void {
  const rulesOf = (autoscaler: HorizontalPodAutoscaler['spec'] | undefined) => [
    autoscaler?.behavior?.scaleUp,
    autoscaler?.behavior?.scaleDown,
  ]
  if (rulesOf(old?.spec).some(rules => rules?.tolerance !== undefined)) return
  for (const rules of rulesOf(spec)) delete rules?.tolerance
}

export function setAutoscalerDefaults({ metadata, spec }: HorizontalPodAutoscaler): void {
  const annotations = ownAnnotations(metadata)
  if (annotations === undefined) delete metadata.annotations
  else metadata.annotations = annotations
  spec.minReplicas ??= 1
  if ((spec.metrics ?? []).length === 0) spec.metrics = defaultMetrics()
  const { behavior } = spec
  if (behavior === undefined) return
  behavior.scaleUp = withDefaults(behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  })
  behavior.scaleDown = withDefaults(behavior.scaleDown, { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] })
}

function withDefaults(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  return { selectPolicy: 'Max', ...defaults, ...rules }
}

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = []
  const { minReplicas, maxReplicas } = spec
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
  validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef', errors)
  validateMetrics(spec.metrics ?? [], minReplicas, 'spec.metrics', errors)
  validateBehavior(spec.behavior, 'spec.behavior', errors)
  return errors
}

function validateReference({ kind, name }: CrossVersionObjectReference, field: string, errors: FieldError[]): void {
  if (kind === '') errors.push(required(`${field}.kind`))
  else pushMessages(errors, `${field}.kind`, kind, nameIsPathSegment(kind, false))
  if (name === '') errors.push(required(`${field}.name`))
  else pushMessages(errors, `${field}.name`, name, nameIsPathSegment(name, false))
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  return (['currentReplicas', 'desiredReplicas'] as const).flatMap(name => {
    const value = status?.[name] ?? 0
    return value < 0 ? [invalidValue(`status.${name}`, value, negativeMessage)] : []
  })
}
