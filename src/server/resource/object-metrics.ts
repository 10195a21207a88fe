// The number of objects of each resource, under upstream's name.
import { Counter, Gauge, type Registry } from '../../base/metrics/metrics.ts'
import type { Store } from '../../store/store.ts'
import type { ServedResources } from './served-resource.ts'

export function registerObjectMetrics(registry: Registry, resources: ServedResources, store: Pick<Store, 'status'>): void {
  new Gauge({
    name: 'apiserver_storage_size_bytes',
    help: 'Bytes of the store on its disk',
    labelNames: ['storage_cluster_id'],
    registers: [registry],
    collect() {
      this.set({ storage_cluster_id: 'store' }, store.status().bytes)
    },
  })
  new Counter({
    name: 'apiserver_watch_events_total',
    help: 'Events that were sent to watches',
    labelNames: ['group', 'version', 'kind'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { definition, sent } of resources.all)
        if (sent.watchEvents > 0)
          this.inc({ group: definition.group, version: definition.version, kind: definition.kind }, sent.watchEvents)
    },
  })
  new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource',
    labelNames: ['resource'],
    registers: [registry],
    collect() {
      // The resource is gone with its definition.
      this.reset()
      for (const served of resources.all) {
        if (served.definition.virtual === true || served.definition.projectionOf !== undefined) continue
        const { groupResource, size } = served.collection
        this.set({ resource: groupResource }, size)
      }
    },
  })
}
