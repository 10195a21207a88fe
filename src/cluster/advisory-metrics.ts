// Which sources of advisories are silent, for alerts.
import type { AdvisorySource } from '../api/types/supply-v1.ts'
import { Gauge, type Registry } from '../base/metrics/metrics.ts'

/** `sources` are the objects of the cluster. */
export function registerAdvisoryMetrics(registry: Registry, sources: () => readonly AdvisorySource[]): void {
  const registers = [registry]
  const labelNames = ['source']
  new Gauge({
    name: 'bulkhead_advisory_source_silent',
    help: 'Whether a source of advisories has published nothing for longer than it may: 1 silent, 0 fresh',
    ...{ labelNames, registers },
    collect() {
      this.reset()
      for (const { metadata, status } of sources()) {
        const silent = status?.conditions?.find(({ type }) => type === 'Silent')
        if (silent !== undefined) this.set({ source: metadata.name ?? '' }, silent.status === 'True' ? 1 : 0)
      }
    },
  })
  new Gauge({
    name: 'bulkhead_advisory_source_published_seconds',
    help: 'When a source of advisories last published something, in seconds since the epoch',
    ...{ labelNames, registers },
    collect() {
      this.reset()
      for (const { metadata, status } of sources()) {
        const time = Date.parse(status?.published ?? '')
        if (!Number.isNaN(time)) this.set({ source: metadata.name ?? '' }, time / 1000)
      }
    },
  })
}
