// Composes flow control: seats and queues, the objects that configure them, and the lending of unused seats.
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Registry } from '../../base/metrics/metrics.ts'
import type { Store } from '../../store/store.ts'
import type { ServedResources } from '../resource/served-resource.ts'
import { FlowConfig } from './flow-config.ts'
import { borrowingPeriodMs, defaultFlowLimits, FlowControl, type FlowLimits } from './flow-control.ts'
import { registerFlowMetrics } from './flow-metrics.ts'
import { WatchCounts } from './watch-counts.ts'

export interface FlowControlParts {
  readonly resources: ServedResources
  readonly store: Store
  /** Default: `defaultFlowLimits`. */
  readonly limits?: FlowLimits | undefined
  readonly metrics: Registry
  readonly clock: Clock
  readonly log: Logger
}

export interface OpenFlowControl {
  readonly flow: FlowControl
  readonly watchCounts: WatchCounts
  readonly config: FlowConfig
  /** Until the signal. */
  run(): Promise<void>
}

export function openFlowControl({ limits = defaultFlowLimits, metrics, ...parts }: FlowControlParts, signal: AbortSignal): OpenFlowControl {
  const watchCounts = new WatchCounts()
  const flow = new FlowControl(
    {
      objects: ({ served }) => (served === undefined || served.definition.virtual === true ? 0 : served.collection.size),
      bytes: ({ served, namespace }) =>
        served === undefined || served.definition.virtual === true ? 0 : served.collection.bytesIn(namespace),
      watchers: info => watchCounts.of(info),
    },
    limits,
  )
  registerFlowMetrics(metrics, flow)
  return {
    flow,
    watchCounts,
    config: new FlowConfig({ ...parts, flow }, signal),
    async run() {
      while (!signal.aborted) {
        await pause(parts.clock, borrowingPeriodMs, signal)
        flow.adjust()
      }
    },
  }
}
