// How many objects there are of each resource, under upstream's name.
import { Gauge, type Registry } from '../base/metrics.ts'
import type { ServedResources } from './served-resource.ts'

export function registerObjectMetrics(registry: Registry, resources: ServedResources): void {
  new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource',
    labelNames: ['resource'],
    registers: [registry],
    collect() {
      // A resource goes with its definition.
      this.reset()
      for (const served of resources.all) {
        if (served.definition.virtual === true || served.definition.projectionOf !== undefined) continue
        const { groupResource, size } = served.collection
        this.set({ resource: groupResource }, size)
      }
    },
  })
}
