// The metrics of flow control under upstream's names, computed from the counters when they are scraped.
import { type Buckets, bucketSamples } from '../../base/metrics/buckets.ts'
import { Counter, Gauge, type Registry, SampledHistogram } from '../../base/metrics/metrics.ts'
import type { FlowControl } from './flow-control.ts'
import type { FlowCounters, RejectReason } from './flow-counters.ts'
import type { PriorityLevel } from './priority-level.ts'

const prefix = 'apiserver_flowcontrol_'
const bothLabels = ['priority_level', 'flow_schema']
const labelsOf = ({ level, schema }: FlowCounters) => ({ priority_level: level, flow_schema: schema })
const rejectReasons: readonly RejectReason[] = ['queue-full', 'concurrency-limit', 'time-out', 'cancelled']

export function registerFlowMetrics(registry: Registry, flow: FlowControl): void {
  const perSchema = (name: string, help: string, read: (counters: FlowCounters) => number) =>
    new Gauge({
      ...{ name: `${prefix}${name}`, help, labelNames: bothLabels, registers: [registry] },
      collect() {
        this.reset()
        for (const counters of flow.counters) this.set(labelsOf(counters), read(counters))
      },
    })
  const perLevel = (name: string, help: string, read: (level: PriorityLevel) => number) =>
    new Gauge({
      ...{ name: `${prefix}${name}`, help, labelNames: ['priority_level'], registers: [registry] },
      collect() {
        this.reset()
        for (const level of flow.levels) this.set({ priority_level: level.name }, read(level))
      },
    })

  perSchema('current_inqueue_requests', 'Requests that wait in the queues', ({ waiting }) => waiting)
  perSchema('current_inqueue_seats', 'Seats that are waited for in the queues', ({ waitingSeats }) => waitingSeats)
  perSchema('current_executing_requests', 'Requests that run; of watches the beginning only', ({ executing }) => executing)
  perSchema('current_executing_seats', 'Seats that are taken', ({ executingSeats }) => executingSeats)
  perLevel('nominal_limit_seats', "The level's own seats", ({ limits }) => limits.nominal)
  perLevel('lower_limit_seats', 'Seats that the level keeps when it lends all that it may', ({ limits }) => limits.lower)
  perLevel('upper_limit_seats', 'Seats that the level may have with all that it may borrow', ({ limits }) => limits.upper)
  perLevel('current_limit_seats', 'Seats that the level has now', ({ queues }) => queues.limit)
  perLevel('target_seats', 'Seats that the level is likely to want', ({ target }) => target)
  perLevel('demand_seats_average', 'Seats that were wanted, average over the last period', ({ queues }) => queues.demand.summary.average)
  perLevel(
    'demand_seats_stdev',
    'Seats that were wanted, standard deviation over the last period',
    ({ queues }) => queues.demand.summary.deviation,
  )
  perLevel(
    'demand_seats_high_watermark',
    'Seats that were wanted, peak of the last period',
    ({ queues }) => queues.demand.summary.highWatermark,
  )
  perLevel('demand_seats_smoothed', 'Seats that were wanted, smoothed over the periods', ({ queues }) => queues.demand.summary.smoothed)
  perLevel('current_r', 'Progress of the queues, in seats times seconds', ({ queues }) => queues.progress / 1000)
  new Gauge({
    ...{ name: `${prefix}seat_fair_frac`, help: 'Part of its target that each level gets where no bound decides', registers: [registry] },
    collect() {
      this.set(flow.fairFraction)
    },
  })
  const counter = (name: string, help: string, labelNames: string[], collectInto: (metric: Counter) => void) =>
    new Counter({
      ...{ name: `${prefix}${name}`, help, labelNames, registers: [registry] },
      collect() {
        this.reset()
        collectInto(this)
      },
    })
  counter('dispatched_requests_total', 'Requests that were run', bothLabels, metric => {
    for (const counters of flow.counters) metric.inc(labelsOf(counters), counters.dispatched)
  })
  counter('request_dispatch_no_accommodation_total', 'Turns of requests that are wider than what was free', bothLabels, metric => {
    for (const counters of flow.counters) metric.inc(labelsOf(counters), counters.notAccommodated)
  })
  counter('rejected_requests_total', 'Requests that were refused, by reason', [...bothLabels, 'reason'], metric => {
    for (const counters of flow.counters)
      for (const reason of rejectReasons) {
        if (counters.rejected[reason] > 0) metric.inc({ ...labelsOf(counters), reason }, counters.rejected[reason])
      }
  })
  const histogram = (name: string, help: string, of: (counters: FlowCounters) => readonly (readonly [Buckets, Record<string, string>])[]) =>
    new SampledHistogram(registry, `${prefix}${name}`, help, function* () {
      for (const counters of flow.counters)
        for (const [buckets, labels] of of(counters))
          yield* bucketSamples(`${prefix}${name}`, buckets, { ...labelsOf(counters), ...labels })
    })
  histogram('request_wait_duration_seconds', 'Time that requests waited in their queues', ({ waitedAndRan, waitedInVain }) => [
    [waitedAndRan, { execute: 'true' }],
    [waitedInVain, { execute: 'false' }],
  ])
  histogram('request_execution_seconds', 'Time that requests ran; of watches the beginning only', ({ ran }) => [[ran, {}]])
  histogram('request_queue_length_after_enqueue', 'Length of the queue, as each request found it', ({ queueLength }) => [[queueLength, {}]])
  histogram('work_estimated_seats', 'Seats that requests were taken to need', ({ seats }) => [[seats, {}]])
}
