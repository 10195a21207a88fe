// Metrics of the work and the size of RBAC, which grow with what tenants write.
import { Counter, Gauge, type Registry } from '../../base/metrics/metrics.ts'
import type { RbacAuthorizer } from '../authorizers/rbac.ts'

const prefix = 'bulkhead_rbac_'

export function registerRbacMetrics(registry: Registry, rbac: Pick<RbacAuthorizer, 'work'>): void {
  const registers = [registry]
  new Counter({
    ...{ name: `${prefix}steps_total`, help: 'Bindings visited, roles tried and rules compared by decisions', registers },
    collect() {
      this.reset()
      this.inc(rbac.work().steps)
    },
  })
  new Gauge({
    ...{ name: `${prefix}grants`, help: 'Different subjects of all bindings', registers },
    collect() {
      this.set(rbac.work().grants)
    },
  })
  new Gauge({
    ...{ name: `${prefix}index_entries`, help: 'Entries of the indexes of the rules of all roles', registers },
    collect() {
      this.set(rbac.work().entries)
    },
  })
}
