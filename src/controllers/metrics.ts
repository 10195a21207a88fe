// The metrics of controllers, with upstream's names for work queues and reconcilers.
import { Counter, Gauge, Histogram, type Registry } from '../base/metrics/metrics.ts'

export interface ControllerMetrics {
  readonly depth: Gauge<'name'>
  readonly adds: Counter<'name'>
  readonly retries: Counter<'name'>
  readonly duration: Histogram<'name'>
}

export function controllerMetrics(registry: Registry): ControllerMetrics {
  const common = { labelNames: ['name'] as const, registers: [registry] }
  return {
    depth: new Gauge({ name: 'workqueue_depth', help: 'Keys that wait', ...common }),
    adds: new Counter({ name: 'workqueue_adds_total', help: 'Keys taken', ...common }),
    retries: new Counter({ name: 'workqueue_retries_total', help: 'Keys that failed and wait again', ...common }),
    duration: new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'Seconds for one key',
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      ...common,
    }),
  }
}
