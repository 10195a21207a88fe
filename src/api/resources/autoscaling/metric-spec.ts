// The metrics of an autoscaler.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  ExternalMetricSource,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from '../../types/autoscaling-v2.ts'
import { goQuantity, invalidShown } from '../../validation/go-syntax.ts'
import { dns1123Label, nameIsPathSegment } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { compareAmounts } from '../../validation/quantities.ts'
import { validateContainerResourceName } from '../../validation/resource-names.ts'

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
/** The source fields in upstream's order; only the first one that is set is validated. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const

export function validateMetrics(
  metrics: readonly MetricSpec[],
  minReplicas: number | undefined,
  field: string,
  errors: FieldError[],
): void {
  metrics.forEach((metric, index) => {
    validateMetric(metric, `${field}[${index}]`, errors)
  })
  // With zero replicas, only an external metric can request the first replica.
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    errors.push(forbiddenField(field, 'must specify at least one Object or External metric to support scaling to zero replicas'))
  }
}

function validateMetric(metric: MetricSpec, field: string, errors: FieldError[]): void {
  if (metric.type === '') errors.push(required(`${field}.type`, 'must specify a metric source type'))
  if (!types.includes(metric.type)) errors.push(notSupported(`${field}.type`, metric.type, types))
  const present = sources.filter(name => metric[name] !== undefined)
  const first = present[0]
  if (first !== undefined) validateSource(metric, first, `${field}.${first}`, errors)
  const expected = `${metric.type.slice(0, 1).toLowerCase()}${metric.type.slice(1)}`
  // Upstream reports it twice.
  if (!types.includes(metric.type)) errors.push(notSupported(`${field}.type`, metric.type, types))
  else if (!present.some(name => name === expected))
    errors.push(required(`${field}.${expected}`, 'must populate information for the given metric source'))
  if (present.length === 1) return
  for (const name of present) {
    if (name !== expected) errors.push(forbiddenField(`${field}.${name}`, 'must populate the given metric source only'))
  }
}

function validateSource(metric: MetricSpec, name: (typeof sources)[number], field: string, errors: FieldError[]): void {
  if (name === 'object' && metric.object !== undefined) validateObject(metric.object, field, errors)
  else if (name === 'external' && metric.external !== undefined) validateExternal(metric.external, field, errors)
  else if (name === 'pods' && metric.pods !== undefined) validatePods(metric.pods, field, errors)
  else if (name === 'resource' && metric.resource !== undefined) validateResource(metric.resource, field, errors)
  else if (metric.containerResource !== undefined) validateContainerResource(metric.containerResource, field, errors)
}

function validateObject({ describedObject, target, metric }: ObjectMetricSource, field: string, errors: FieldError[]): void {
  validateDescribedObject(describedObject, `${field}.describedObject`, errors)
  validateIdentifier(metric, `${field}.metric`, errors)
  validateTarget(target, `${field}.target`, errors)
  if (target.value === undefined && target.averageValue === undefined) {
    errors.push(required(`${field}.target.averageValue`, 'must set either a target value or averageValue'))
  }
}

function validateDescribedObject({ kind, name }: CrossVersionObjectReference, field: string, errors: FieldError[]): void {
  if (kind === '') errors.push(required(`${field}.kind`))
  else pushMessages(errors, `${field}.kind`, kind, nameIsPathSegment(kind, false))
  if (name === '') errors.push(required(`${field}.name`))
  else pushMessages(errors, `${field}.name`, name, nameIsPathSegment(name, false))
}

function validateExternal({ metric, target }: ExternalMetricSource, field: string, errors: FieldError[]): void {
  validateIdentifier(metric, `${field}.metric`, errors)
  validateTarget(target, `${field}.target`, errors)
  if (target.value === undefined && target.averageValue === undefined) {
    errors.push(required(`${field}.target.averageValue`, 'must set either a target value for metric or a per-pod target'))
  }
  if (target.value !== undefined && target.averageValue !== undefined) {
    errors.push(forbiddenField(`${field}.target.value`, 'may not set both a target value for metric and a per-pod target'))
  }
}

function validatePods({ metric, target }: PodsMetricSource, field: string, errors: FieldError[]): void {
  validateIdentifier(metric, `${field}.metric`, errors)
  validateTarget(target, `${field}.target`, errors)
  if (target.averageValue === undefined) {
    errors.push(required(`${field}.target.averageValue`, 'must specify a positive target averageValue'))
  }
}

function validateContainerResource(source: ContainerResourceMetricSource, field: string, errors: FieldError[]): void {
  if (source.name === '') errors.push(required(`${field}.name`, missingName))
  else validateContainerResourceName(source.name, `${field}.name`, errors)
  if (source.container === '') errors.push(required(`${field}.container`, 'must specify a container'))
  else pushMessages(errors, `${field}.container`, source.container, dns1123Label(source.container))
  validateResourceTarget(source.target, field, errors)
}

const missingName = 'must specify a resource name'

function validateResource({ name, target }: ResourceMetricSource, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${field}.name`, missingName))
  validateResourceTarget(target, field, errors)
}

function validateResourceTarget(target: MetricTarget, field: string, errors: FieldError[]): void {
  validateTarget(target, `${field}.target`, errors)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined) {
    errors.push(required(`${field}.target.averageUtilization`, 'must set either a target raw value or a target utilization'))
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    errors.push(forbiddenField(`${field}.target.averageValue`, 'may not set both a target raw value and a target utilization'))
  }
}

function validateIdentifier({ name }: MetricIdentifier, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${field}.name`, 'must specify a metric name'))
  else pushMessages(errors, `${field}.name`, name, nameIsPathSegment(name, false))
}

function validateTarget({ type, value, averageValue, averageUtilization }: MetricTarget, field: string, errors: FieldError[]): void {
  if (type === '') errors.push(required(`${field}.type`, 'must specify a metric target type'))
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    errors.push(invalidValue(`${field}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const [name, quantity] of Object.entries({ value, averageValue })) {
    if (quantity !== undefined && compareAmounts(String(quantity), '0') <= 0) {
      errors.push(invalidShown(`${field}.${name}`, goQuantity(String(quantity)), 'must be positive'))
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalidValue(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  }
}
