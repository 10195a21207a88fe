// Upstream's metrics of allocated and free addresses of Services.
import { Gauge, type Registry } from '../../base/metrics/metrics.ts'
import type { AddressBook, RangeUse } from './address-book.ts'

export function registerAllocatorMetrics(registry: Registry, book: AddressBook): void {
  const gauge = (name: string, help: string, value: (use: RangeUse) => number): Gauge =>
    new Gauge({
      name: `kube_apiserver_clusterip_allocator_${name}`,
      help,
      labelNames: ['cidr'],
      registers: [registry],
      collect() {
        this.reset()
        for (const use of book.uses) this.set({ cidr: use.cidr }, value(use))
      },
    })
  gauge('allocated_ips', 'Addresses that Services hold', ({ held }) => held)
  gauge('available_ips', 'Addresses that no Service holds', ({ free }) => free)
}
