// The results of health checks, under upstream's names.
import { Counter, Gauge, type Registry } from '../../base/metrics/metrics.ts'
import type { ObserveCheck } from './health.ts'

export function healthMetrics(registry: Registry): ObserveCheck {
  const registers = [registry]
  const newest = new Gauge({
    name: 'kubernetes_healthcheck',
    help: '1 where a check was well when it was made last, else 0',
    labelNames: ['name', 'type'],
    registers,
  })
  const all = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Checks of health that were made',
    labelNames: ['name', 'type', 'status'],
    registers,
  })
  return (name, type, well) => {
    newest.set({ name, type }, well ? 1 : 0)
    all.inc({ name, type, status: well ? 'success' : 'error' })
  }
}
