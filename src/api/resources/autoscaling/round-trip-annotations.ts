// The annotations of autoscaling/v1 for fields that it lacks. They exist only in that version.
import { goJson } from '../../schema/go-json.ts'
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  HPAScalingPolicy,
  HPAScalingRules,
} from '../../types/autoscaling-v2.ts'
import type { LabelSelector, LabelSelectorRequirement, ObjectMeta } from '../../types/meta-v1.ts'
import { anyCase, integer, list, map, optional, quantity, type Reader, structure, text } from './annotation-reader.ts'
import type { MetricV1 } from './metric-v1.ts'

const prefix = 'autoscaling.alpha.kubernetes.io/'
export const roundTripAnnotations = {
  metrics: `${prefix}metrics`,
  behavior: `${prefix}behavior`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
} as const
const names: readonly string[] = Object.values(roundTripAnnotations)

/** The object's own annotations; undefined if there are none. */
export function ownAnnotations({ annotations }: ObjectMeta): Record<string, string> | undefined {
  if (annotations === undefined || !names.some(name => Object.hasOwn(annotations, name))) return annotations
  const entries = Object.entries(annotations).filter(([key]) => !names.includes(key))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

const selector: Reader<LabelSelector> = structure<LabelSelector>({
  matchLabels: optional(map(text)),
  matchExpressions: optional(list(structure<LabelSelectorRequirement>({ key: text, operator: text, values: optional(list(text)) }))),
})
const reference = structure({ kind: text, name: text, apiVersion: optional(text) })
const resource = {
  name: text,
  targetAverageUtilization: optional(integer),
  targetAverageValue: optional(quantity),
  currentAverageUtilization: optional(integer),
  currentAverageValue: optional(quantity),
}

export const readMetrics: Reader<MetricV1[]> = list(
  structure<MetricV1>({
    type: text,
    object: optional(
      structure<NonNullable<MetricV1['object']>>({
        target: value => reference(value ?? {}),
        metricName: text,
        targetValue: optional(quantity),
        currentValue: optional(quantity),
        selector: optional(selector),
        averageValue: optional(quantity),
      }),
    ),
    pods: optional(
      structure<NonNullable<MetricV1['pods']>>({
        metricName: text,
        targetAverageValue: optional(quantity),
        currentAverageValue: optional(quantity),
        selector: optional(selector),
      }),
    ),
    resource: optional(structure<NonNullable<MetricV1['resource']>>(resource)),
    containerResource: optional(structure<NonNullable<MetricV1['containerResource']>>({ ...resource, container: text })),
    external: optional(
      structure<NonNullable<MetricV1['external']>>({
        metricName: text,
        metricSelector: optional(selector),
        targetValue: optional(quantity),
        targetAverageValue: optional(quantity),
        currentValue: optional(quantity),
        currentAverageValue: optional(quantity),
      }),
    ),
  }),
)

export const readConditions: Reader<HorizontalPodAutoscalerCondition[]> = list(
  structure<HorizontalPodAutoscalerCondition>({
    type: text,
    status: text,
    lastTransitionTime: value => (value === undefined || value === null ? null : text(value)),
    reason: optional(text),
    message: optional(text),
  }),
)

const rules: Reader<HPAScalingRules> = anyCase(
  structure<HPAScalingRules>({
    stabilizationWindowSeconds: optional(integer),
    selectPolicy: optional(text),
    policies: optional(list(anyCase(structure<HPAScalingPolicy>({ type: text, value: integer, periodSeconds: integer })))),
    tolerance: optional(quantity),
  }),
)

export const readBehavior: Reader<HorizontalPodAutoscalerBehavior> = anyCase(
  structure<HorizontalPodAutoscalerBehavior>({ scaleUp: optional(rules), scaleDown: optional(rules) }),
)

/** Upstream writes its internal type, whose members begin with capitals and are never omitted. */
export function writeBehavior({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior): string {
  return goJson({ ScaleUp: internalRules(scaleUp), ScaleDown: internalRules(scaleDown) })
}

function internalRules(scaling: HPAScalingRules | undefined): object | null {
  if (scaling === undefined) return null
  const { stabilizationWindowSeconds = null, selectPolicy = null, policies, tolerance = null } = scaling
  return {
    StabilizationWindowSeconds: stabilizationWindowSeconds,
    SelectPolicy: selectPolicy,
    Policies: policies?.map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })) ?? null,
    Tolerance: tolerance,
  }
}

export function writeConditions(conditions: NonNullable<NonNullable<HorizontalPodAutoscaler['status']>['conditions']>): string {
  return goJson(
    conditions.map(({ type, status, lastTransitionTime = null, reason, message }) => ({
      type,
      status,
      lastTransitionTime,
      reason,
      message,
    })),
  )
}
