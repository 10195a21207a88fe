// A store in memory only: the reference for the others, for tests and startCluster().
import { type Clock, systemClock } from '../base/clock.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { CommitQueue } from './commit-queue.ts'
import type { WindowLimits } from './event-window.ts'
import type { StoreMetrics } from './metrics.ts'
import type { Store } from './store.ts'

export interface MemoryStoreOptions {
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: StoreMetrics
  /** How far back watches can resume, per resource. Default: 10,000 events, 16 MiB, 15 minutes. */
  readonly window?: Partial<WindowLimits>
  /** See `Store.maxStoredBytes`. Default: no limit. */
  readonly maxStoredBytes?: number
  /** Limit of bytes of the event history of all resources, and of events that wait for readers of all watches. Default: 64 MiB each. */
  readonly pastBytes?: number
  readonly waitingBytes?: number
}

/** A store in memory. Writes become visible in the next microtask, those of one task together. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new CommitQueue({ clock: systemClock, log: silentLogger, ...options })
}
