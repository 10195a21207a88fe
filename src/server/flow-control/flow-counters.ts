// Counters of one FlowSchema at its priority level: plain numbers, so that requests are cheap to count; read when the metrics are scraped.
import { Buckets } from '../../base/metrics/buckets.ts'

export type RejectReason = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled'

const secondBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]

export class FlowCounters {
  readonly schema: string
  readonly level: string
  dispatched = 0
  readonly rejected: Record<RejectReason, number> = { 'queue-full': 0, 'concurrency-limit': 0, 'time-out': 0, cancelled: 0 }
  waiting = 0
  waitingSeats = 0
  executing = 0
  executingSeats = 0
  /** Running requests that are mutating. */
  mutating = 0
  notAccommodated = 0
  readonly queueLength = new Buckets([0, 10, 25, 50, 100, 250, 500, 1000])
  readonly waitedAndRan = new Buckets(secondBounds)
  readonly waitedInVain = new Buckets(secondBounds)
  readonly ran = new Buckets(secondBounds)
  readonly seats = new Buckets([1, 2, 4, 10])

  constructor(schema: string, level: string) {
    this.schema = schema
    this.level = level
  }
}
