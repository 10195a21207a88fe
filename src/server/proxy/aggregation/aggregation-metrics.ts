// Upstream's metric of unavailable APIServices.
import { Gauge, type Registry } from '../../../base/metrics/metrics.ts'
import type { ApiServiceIndex } from './api-service-index.ts'

export function registerAggregationMetrics(registry: Registry, index: ApiServiceIndex): void {
  new Gauge({
    name: 'aggregator_unavailable_apiservice',
    help: 'APIServices of other servers, 1 for those that are not available',
    labelNames: ['name'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { name, available } of index.all) this.set({ name }, available ? 0 : 1)
    },
  })
}
