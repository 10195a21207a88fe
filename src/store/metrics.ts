// Metrics of the store for Prometheus.
import { Counter, Gauge, Histogram, type Registry } from '../base/metrics/metrics.ts'
import type { LargeObjects } from './large/large-objects.ts'
import type { Store } from './store.ts'

interface ObservedStore extends Pick<Store, 'contents' | 'maxStoredBytes'> {
  readonly large: LargeObjects | undefined
  readonly past: { readonly bytes: number }
  readonly waiting: { readonly bytes: number }
}

export interface StoreMetrics {
  /** A group of writes became durable and visible. */
  observeGroup(writes: number, seconds: number): void
  /** 1 once the store has stopped accepting writes. */
  readonly failed: Gauge
  readonly compactedRevision: Gauge
  /** The contents are read for each scrape. */
  observeContents(store: ObservedStore): void
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
    help: 'Revisions up to this one are kept only if they are the newest of their object',
    registers,
  })
  let observed: ObservedStore | undefined
  const gauge = (name: string, help: string, read: (store: ObservedStore) => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        if (observed !== undefined) this.set(read(observed))
      },
    })
  gauge('bulkhead_store_stored_bytes', 'Size of all objects, as the limit of the store counts it', ({ contents }) => contents.total)
  gauge('bulkhead_store_large_cached_bytes', 'Bytes of large objects in memory', ({ large }) => large?.bytesInMemory ?? 0)
  gauge('bulkhead_store_past_bytes', 'Bytes of events from which watches resume, of all resources', ({ past }) => past.bytes)
  gauge('bulkhead_store_waiting_bytes', 'Bytes that wait for slow readers of watches', ({ waiting }) => waiting.bytes)
  gauge('bulkhead_store_large_files', 'Versions of large objects in files', ({ large }) => large?.files ?? 0)
  gauge('bulkhead_store_stored_bytes_limit', 'Size of all objects beyond which writes are refused', ({ maxStoredBytes }) => maxStoredBytes)
  return {
    observeContents(store) {
      observed = store
    },
    observeGroup(count, seconds) {
      writes.inc(count)
      groups.observe(count)
      durations.observe(seconds)
    },
    failed,
    compactedRevision,
  }
}
