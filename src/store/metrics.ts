// What the store tells Prometheus.
import { Counter, Gauge, Histogram, type Registry } from '../base/metrics.ts'

export interface StoreMetrics {
  /** A group of writes became durable and visible. */
  observeGroup(writes: number, seconds: number): void
  /** 1 once the store has stopped accepting writes. */
  readonly failed: Gauge
  readonly compactedRevision: Gauge
}

export function createStoreMetrics(registry: Registry): StoreMetrics {
  const registers = [registry]
  const writes = new Counter({ name: 'bulkhead_store_writes_total', help: 'Writes that became durable', registers })
  const groups = new Histogram({
    name: 'bulkhead_store_group_writes',
    help: 'Writes that were made durable together',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  const durations = new Histogram({
    name: 'bulkhead_store_commit_duration_seconds',
    help: 'Time from handing a group of writes to the writer until it is durable and visible',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers,
  })
  const failed = new Gauge({ name: 'bulkhead_store_failed', help: '1 when the store no longer accepts writes', registers })
  const compactedRevision = new Gauge({
    name: 'bulkhead_store_compacted_revision',
    help: 'Revisions up to this one are kept only where they are the newest of their object',
    registers,
  })
  return {
    observeGroup(count, seconds) {
      writes.inc(count)
      groups.observe(count)
      durations.observe(seconds)
    },
    failed,
    compactedRevision,
  }
}
