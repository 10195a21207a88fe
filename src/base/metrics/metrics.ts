// Prometheus metrics. Each component declares its metrics in one file and registers them here.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export { Counter, Gauge, Histogram, Registry }

export function createRegistry(): Registry {
  return new Registry()
}

export interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A histogram that is counted elsewhere: its samples are created when it is read. */
export class SampledHistogram extends Histogram {
  readonly #described: { readonly name: string; readonly help: string }
  readonly #samples: () => Iterable<Sample>

  constructor(registry: Registry, name: string, help: string, samples: () => Iterable<Sample>) {
    super({ name, help, registers: [registry] })
    this.#described = { name, help }
    this.#samples = samples
  }

  /** Called by the registry instead of prom-client's own histogram. */
  async getForPromString(): Promise<object> {
    return { ...this.#described, type: 'histogram', values: [...this.#samples()], aggregator: 'sum' }
  }
}
