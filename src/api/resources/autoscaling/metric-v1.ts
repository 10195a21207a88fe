// Converts metrics between v2 and the older form in autoscaling/v1's annotations.
import type { MetricIdentifier, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../types/autoscaling-v2.ts'
import type { LabelSelector, Quantity } from '../../types/meta-v1.ts'

type Reference = NonNullable<MetricSpec['object']>['describedObject']

/** The sources of `MetricSpec` and `MetricStatus` of k8s.io/api/autoscaling/v1, whose fields differ only by their prefix. */
export interface MetricV1 {
  readonly type: string
  readonly object?: {
    readonly target: Reference
    readonly metricName: string
    readonly targetValue?: Quantity
    readonly currentValue?: Quantity
    readonly selector?: LabelSelector
    readonly averageValue?: Quantity
  }
  readonly pods?: {
    readonly metricName: string
    readonly targetAverageValue?: Quantity
    readonly currentAverageValue?: Quantity
    readonly selector?: LabelSelector
  }
  readonly resource?: ResourceV1
  readonly containerResource?: ResourceV1 & { readonly container: string }
  readonly external?: {
    readonly metricName: string
    readonly metricSelector?: LabelSelector
    readonly targetValue?: Quantity
    readonly targetAverageValue?: Quantity
    readonly currentValue?: Quantity
    readonly currentAverageValue?: Quantity
  }
}

interface ResourceV1 {
  readonly name: string
  readonly targetAverageUtilization?: number
  readonly targetAverageValue?: Quantity
  readonly currentAverageUtilization?: number
  readonly currentAverageValue?: Quantity
}

/** An object without empty members, which Go omits. */
type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> }
function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>
}

/** Go's text of an unset amount that is no pointer. */
const zero = '0'

export function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): MetricV1 {
  return present({
    type,
    object:
      object &&
      present({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? zero,
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods:
      pods &&
      present({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? zero, selector: pods.metric.selector }),
    resource: resource && resourceTargetToV1(resource),
    containerResource: containerResource && { ...resourceTargetToV1(containerResource), container: containerResource.container },
    external:
      external &&
      present({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  })
}

function resourceTargetToV1({ name, target }: { name: string; target: MetricTarget }): ResourceV1 {
  return present({ name, targetAverageUtilization: target.averageUtilization, targetAverageValue: target.averageValue })
}

export function metricFromV1({ type, object, pods, resource, containerResource, external }: MetricV1): MetricSpec {
  return present({
    type,
    object: object && {
      describedObject: object.target,
      target: present({
        type: object.averageValue === undefined ? 'Value' : 'AverageValue',
        value: object.targetValue ?? zero,
        averageValue: object.averageValue,
      }),
      metric: identifier(object.metricName, object.selector),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: { type: 'AverageValue', averageValue: pods.targetAverageValue ?? zero },
    },
    resource: resource && { name: resource.name, target: resourceTarget(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      target: resourceTarget(containerResource),
      container: containerResource.container,
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: present({
        type: external.targetValue === undefined ? 'AverageValue' : 'Value',
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    },
  })
}

function resourceTarget({ targetAverageUtilization, targetAverageValue }: ResourceV1): MetricTarget {
  return present({
    type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
    averageValue: targetAverageValue,
    averageUtilization: targetAverageUtilization,
  })
}

const identifier = (name: string, selector: LabelSelector | undefined): MetricIdentifier => present({ name, selector })

export function metricStatusToV1({ type, object, pods, resource, containerResource, external }: MetricStatus): MetricV1 {
  return present({
    type,
    object:
      object &&
      present({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? zero,
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods:
      pods &&
      present({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? zero, selector: pods.metric.selector }),
    resource: resource && resourceStatusToV1(resource),
    containerResource: containerResource && { ...resourceStatusToV1(containerResource), container: containerResource.container },
    external:
      external &&
      present({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? zero,
        currentAverageValue: external.current.averageValue,
      }),
  })
}

function resourceStatusToV1({ name, current }: { name: string; current: MetricValueStatus }): ResourceV1 {
  return present({ name, currentAverageUtilization: current.averageUtilization, currentAverageValue: current.averageValue ?? zero })
}

export function metricStatusFromV1({ type, object, pods, resource, containerResource, external }: MetricV1): MetricStatus {
  return present({
    type,
    object: object && {
      metric: identifier(object.metricName, object.selector),
      current: present({ value: object.currentValue ?? zero, averageValue: object.averageValue }),
      describedObject: object.target,
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), current: { averageValue: pods.currentAverageValue ?? zero } },
    resource: resource && { name: resource.name, current: resourceCurrent(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      current: resourceCurrent(containerResource),
      container: containerResource.container,
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: present({ value: external.currentValue ?? zero, averageValue: external.currentAverageValue }),
    },
  })
}

function resourceCurrent({ currentAverageUtilization, currentAverageValue }: ResourceV1): MetricValueStatus {
  return present({ averageValue: currentAverageValue ?? zero, averageUtilization: currentAverageUtilization })
}
