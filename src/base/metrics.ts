// Prometheus metrics. Each component declares its metrics in one file and registers them here.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export { Counter, Gauge, Histogram, Registry }

export function createRegistry(): Registry {
  return new Registry()
}
